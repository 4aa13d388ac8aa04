//! `smpsim explain`.

use crate::smpsim;

#[test]
fn a_code_of_the_protocol_is_explained_with_its_name_and_what_to_do() {
    for code in 0..=13 {
        let out = smpsim(&["explain", &code.to_string()]).with_status(0).out;
        assert!(out.starts_with(&format!("rc {code}: MGMT_ERR_")), "{out}");
        assert!(out.contains("Who and when: ") && out.contains("What to do: "), "{out}");
        assert!(out.lines().all(|line| line.chars().count() <= 100), "{out}");
    }
}

#[test]
fn not_supported_from_the_basic_group_means_not_compiled_in() {
    for arguments in [["8", "63"], ["8", "basic"], ["NOT_SUPPORTED", "basic"]] {
        let out = smpsim(&["explain", arguments[0], "--group", arguments[1]]).with_status(0).out;
        assert!(out.contains("not compiled in"), "{out}");
    }
}

#[test]
fn an_error_of_a_group_tells_what_version_1_sees() {
    let out = smpsim(&["explain", "28", "--group", "image"]).with_status(0).out;
    assert!(out.contains("IMG_MGMT_ERR_IMAGE_ALREADY_PENDING"), "{out}");
    assert!(out.contains("SMP version 1 sees: rc 6"), "{out}");
    assert!(out.contains("reset the device"), "{out}");
    assert_eq!(smpsim(&["explain", "1/28"]).with_status(0).out, out);
}

#[test]
fn every_error_of_every_group_is_explained() {
    for (group, last) in
        [("os", 7), ("image", 34), ("stat", 5), ("settings", 8), ("fs", 16), ("shell", 3)]
            .into_iter()
            .chain([("enum", 4), ("basic", 4)])
    {
        for code in 1..=last {
            let out = smpsim(&["explain", &format!("{group}/{code}")]).with_status(0).out;
            assert!(out.contains("_MGMT_ERR_"), "{group}/{code}: {out}");
        }
        smpsim(&["explain", &format!("{group}/{}", last + 1)]).refuses(&[&format!("1 to {last}")]);
    }
}

#[test]
fn numbers_of_clients_and_radios_are_explained_too() {
    let out = smpsim(&["explain", "-122"]).with_status(0).out;
    assert!(out.starts_with("errno -122: EMSGSIZE") && out.contains("MTU"), "{out}");
    let out = smpsim(&["explain", "-12"]).with_status(0).out;
    assert!(out.starts_with("errno -12: ENOMEM"), "{out}");
    let out = smpsim(&["explain", "0x08"]).with_status(0).out;
    assert!(out.contains("Connection Timeout") && out.contains("supervision"), "{out}");
    let out = smpsim(&["explain", "0x3E"]).with_status(0).out;
    assert!(out.contains("six connection intervals"), "{out}");
}

#[test]
fn the_document_has_all_readings() {
    let document = smpsim(&["explain", "8", "--group", "1", "--json"]).with_status(0).json();
    assert_eq!(document["schema"], "smpsim.explain/1");
    let readings = document["explanations"].as_array().expect("a list");
    let kinds: Vec<_> = readings.iter().map(|reading| &reading["kind"]).collect();
    assert_eq!(kinds, ["group_error", "rc"]);
    assert_eq!(readings[0]["version_1"]["rc"], 1);
    assert_eq!(readings[1]["group_name"], "image");
}

#[test]
fn what_is_no_code_is_refused_with_what_there_is() {
    smpsim(&["explain", "14"]).refuses(&["0 to 13", "--group"]);
    smpsim(&["explain", "99", "--group", "image"]).refuses(&["1 to 34"]);
    smpsim(&["explain", "8", "--group", "imagine"]).refuses(&["imagine", "image"]);
    smpsim(&["explain", "MGMT_ERR_EBUZY"]).refuses(&["MGMT_ERR_EBUSY"]);
    smpsim(&["explain", "-9999"]).refuses(&["errno"]);
    smpsim(&["explain", "0xfe"]).refuses(&["Bluetooth"]);
    smpsim(&["explain"]).with_status(2);
}
