//! Options that bear on an update in the field, and that the models do not know.

use super::build::{Build, Kind};
use super::options::{BOOT_MODES, NUMBERS, RANGES, SWITCHES, TRUTHS};
use super::report::NotModelledDoc;
use super::syntax::Value;

/// When an option is worth telling.
#[derive(Clone, Copy, Debug)]
enum When {
    /// When it is on.
    On,
    /// When it is another number than Zephyr's default.
    Not(i64),
}

const CONN_PARAM: &str = "the model asks for 7.5 to 11.25 ms with a timeout of 420 ms, and goes back \
                          to 30 to 50 ms after 5 s";
const BUFFERS: &str =
    "the model's host has a buffer for every notification: it sends one at a time";
const ONE_TRANSPORT: &str =
    "`smpsim run` has the Bluetooth transport only; buffers are not shared with another one";
const HOOK: &str = "what the application answers is not in the file";
const UPLOAD_HOOK: &str =
    "what the application answers is not in the file; --set server.upload_hook=11 makes it refuse";
const RESET_HOOK: &str =
    "what the application answers is not in the file; --set server.reset_hook=11 makes it refuse";
const FS_HOOK: &str =
    "what the application answers is not in the file; --set server.fs_protected=/lfs1=11 does";
const SETTINGS_HOOK: &str =
    "what the application answers is not in the file; --set server.settings_protected=a=11 does";

/// Curated: of the hundreds of options of a build these change what a client sees.
const TABLE: &[(&str, When, &str)] = &[
    ("BOOT_ENCRYPT_IMAGE", When::On, "images are not encrypted in the model"),
    ("BT_BUF_ACL_RX_COUNT", When::Not(6), "the model's host takes every packet at once"),
    ("BT_BUF_ACL_TX_COUNT", When::Not(3), BUFFERS),
    ("BT_CONN_TX_MAX", When::Not(3), BUFFERS),
    (
        "BT_CTLR_SDC_MAX_CONN_EVENT_LEN_DEFAULT",
        When::Not(7_500),
        "an event lasts as long as both ends have data; central.max_pairs and \
         link.event_overhead_us bound it",
    ),
    ("BT_L2CAP_TX_BUF_COUNT", When::Not(3), BUFFERS),
    ("BT_MAX_CONN", When::Not(1), "one central is connected at a time"),
    ("BT_PERIPHERAL_PREF_LATENCY", When::Not(0), CONN_PARAM),
    ("BT_PERIPHERAL_PREF_MAX_INT", When::Not(40), CONN_PARAM),
    ("BT_PERIPHERAL_PREF_MIN_INT", When::Not(24), CONN_PARAM),
    ("BT_PERIPHERAL_PREF_TIMEOUT", When::Not(42), CONN_PARAM),
    (
        "BT_USER_PHY_UPDATE",
        When::On,
        "the peripheral asks for no PHY; the central changes to link.phy",
    ),
    ("MCUBOOT_SERIAL", When::On, "serial recovery of the boot loader is not simulated"),
    ("MCUMGR_GRP_FS_FILE_ACCESS_HOOK", When::On, FS_HOOK),
    ("MCUMGR_GRP_IMG_UPLOAD_CHECK_HOOK", When::On, UPLOAD_HOOK),
    (
        "MCUMGR_GRP_IMG_USE_HEAP_FOR_FLASH_IMG_CONTEXT",
        When::On,
        "the heap is never too small in the model",
    ),
    ("MCUMGR_GRP_OS_RESET_HOOK", When::On, RESET_HOOK),
    ("MCUMGR_GRP_SETTINGS_ACCESS_HOOK", When::On, SETTINGS_HOOK),
    ("MCUMGR_SMP_COMMAND_STATUS_HOOKS", When::On, HOOK),
    ("MCUMGR_TRANSPORT_BT_CONN_PARAM_CONTROL_LATENCY", When::Not(0), CONN_PARAM),
    ("MCUMGR_TRANSPORT_BT_CONN_PARAM_CONTROL_MAX_INT", When::Not(9), CONN_PARAM),
    ("MCUMGR_TRANSPORT_BT_CONN_PARAM_CONTROL_MIN_INT", When::Not(6), CONN_PARAM),
    ("MCUMGR_TRANSPORT_BT_CONN_PARAM_CONTROL_RESTORE_TIME", When::Not(5_000), CONN_PARAM),
    ("MCUMGR_TRANSPORT_BT_CONN_PARAM_CONTROL_RETRY_TIME", When::Not(1_000), CONN_PARAM),
    ("MCUMGR_TRANSPORT_BT_CONN_PARAM_CONTROL_TIMEOUT", When::Not(42), CONN_PARAM),
    ("MCUMGR_TRANSPORT_RAW_UART", When::On, ONE_TRANSPORT),
    ("MCUMGR_TRANSPORT_SHELL", When::On, ONE_TRANSPORT),
    ("MCUMGR_TRANSPORT_UART", When::On, ONE_TRANSPORT),
    ("MCUMGR_TRANSPORT_UDP", When::On, ONE_TRANSPORT),
    ("NORDIC_QSPI_NOR", When::On, "slot 1 lies there only with flash.secondary"),
    ("SECURE_BOOT", When::On, "the first-stage boot loader before MCUboot is not simulated"),
];

/// Options whose family belongs to the update service: one that is set and not known here is told.
const FAMILY: &[&str] =
    &["MCUMGR_", "IMG_MGMT_", "OS_MGMT_", "FS_MGMT_", "MCUBOOT_BOOTLOADER_MODE_"];

/// What a model has no use for, since it changes neither bytes nor time.
const IRRELEVANT: &[&str] = &[
    "LOG_LEVEL",
    "STACK_SIZE",
    "THREAD_PRIO",
    "USER_DATA_SIZE",
    "CBOR_M",
    "_NOTIFICATION_HOOKS",
    "_STATUS_HOOKS",
    "_MUTEX",
    "MCUMGR_TRANSPORT_REASSEMBLY",
    "_TOO_LARGE_DISABLED",
    "_FS_",
    "_STAT_MAX_",
    "_TASKSTAT_",
    "_INFO_",
    "_SHELL_",
    "_UART_",
    "_UDP_",
    "_SETTINGS_",
    "_ENUM_",
    "_PERM_RW",
    "HAS_NO_DOWNGRADE",
    "DYNAMIC_SVC_REGISTRATION",
];

/// The options of a build that bear on no model, by name.
pub(super) fn of(build: &Build) -> Vec<NotModelledDoc> {
    let told = |name: &str, value: &Value| {
        let entry = TABLE.iter().find(|(option, ..)| *option == name)?;
        let worth = match (entry.1, value) {
            (When::On, Value::Truth(on)) => *on,
            (When::Not(default), Value::Number(number)) => *number != default,
            _ => false,
        };
        worth.then_some(entry.2)
    };
    let unknown = |name: &str, value: &Value| {
        let known = is_known(name) || IRRELEVANT.iter().any(|part| name.contains(part));
        let of_family = FAMILY.iter().any(|head| name.starts_with(head));
        (build.kind == Kind::Project && of_family && !known && *value != Value::Truth(false))
            .then_some("smpsim does not know this option; an update does not depend on it here")
    };
    let mut found: Vec<NotModelledDoc> = build
        .lines()
        .filter_map(|(name, line)| {
            let why = told(name, &line.value).or_else(|| unknown(name, &line.value))?;
            Some(NotModelledDoc {
                option: format!("CONFIG_{}", line.name),
                value: line.value.to_string(),
                origin: line.place.to_string(),
                why: why.to_owned(),
            })
        })
        .collect();
    found.extend(acl_tx_size(build));
    found
}

fn is_known(name: &str) -> bool {
    TABLE.iter().any(|(option, ..)| *option == name)
        || TRUTHS.iter().chain(BOOT_MODES).any(|(option, _)| *option == name)
        || NUMBERS.iter().any(|(option, _)| *option == name)
        || RANGES.iter().any(|(option, ..)| *option == name)
        || SWITCHES.contains(&name)
}

/// The host sends no longer ACL packets than this, so what the peripheral sends is cut shorter than
/// the data length that the link agreed on.
fn acl_tx_size(build: &Build) -> Option<NotModelledDoc> {
    let size = build.number("BT_BUF_ACL_TX_SIZE")?;
    let length = build.number("BT_CTLR_DATA_LENGTH_MAX")?;
    let origin = match build.line("BT_BUF_ACL_TX_SIZE") {
        Some(line) => line.place.to_string(),
        None => "Zephyr's default".to_owned(),
    };
    (size < length).then(|| NotModelledDoc {
        option: "CONFIG_BT_BUF_ACL_TX_SIZE".to_owned(),
        value: size.to_string(),
        origin,
        why: format!(
            "responses leave in packets of at most {size} octets; the model sends up to {length}"
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::{TABLE, of};
    use crate::kconfig::build::Build;
    use crate::kconfig::{names, options, syntax};

    fn told(text: &str) -> Vec<String> {
        let build = Build::new("prj.conf", syntax::read("prj.conf", text).expect("lawful"));
        of(&build).into_iter().map(|option| option.option).collect()
    }

    #[test]
    fn the_table_names_options_by_their_current_name_and_none_that_is_used() {
        for (n, (option, _, why)) in TABLE.iter().enumerate() {
            assert_eq!(names::current(option), *option);
            assert!(TABLE[..n].iter().all(|(other, ..)| other != option), "{option}");
            assert!(!why.is_empty());
            let used = options::TRUTHS.iter().chain(options::NUMBERS);
            assert!(used.into_iter().all(|(used, _)| used != option), "{option}");
        }
    }

    #[test]
    fn only_what_differs_from_the_default_is_told() {
        let quiet = "CONFIG_BT_MAX_CONN=1\n# CONFIG_MCUBOOT_SERIAL is not set\nCONFIG_GPIO=y\n\
                     CONFIG_MCUMGR_GRP_IMG=y\nCONFIG_MCUMGR_LOG_LEVEL_DBG=y\nCONFIG_I2C_XYZ=7\n";
        assert_eq!(told(quiet), [""; 0]);
        let loud = "CONFIG_BT_MAX_CONN=4\nCONFIG_MCUMGR_GRP_IMG_XYZ=y\nCONFIG_NORDIC_QSPI_NOR=y\n";
        let expected =
            ["CONFIG_BT_MAX_CONN", "CONFIG_MCUMGR_GRP_IMG_XYZ", "CONFIG_NORDIC_QSPI_NOR"];
        assert_eq!(told(loud), expected);
    }

    #[test]
    fn short_acl_packets_are_told_beside_a_long_data_length() {
        let text = "CONFIG_BT_CTLR_DATA_LENGTH_MAX=251\n";
        assert_eq!(told(text), ["CONFIG_BT_BUF_ACL_TX_SIZE"]);
        assert_eq!(told(&format!("{text}CONFIG_BT_BUF_ACL_TX_SIZE=251\n")), [""; 0]);
    }
}
