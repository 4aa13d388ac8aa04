//! What a sweep consists of: cells in a fixed order, and seeds.

use super::cell::Cell;
use super::contender::Contender;
use super::shard::Shard;
use crate::hex;
use crate::image_file::ImageFile;
use crate::scenario::file::unknown;
use crate::scenario::keys::{self, KEYS};
use crate::scenario::value::Value;
use crate::scenario::{ScenarioError, Settings};
use client_model::StrategyKind;
use sha2::{Digest, Sha256};

/// Most runs of a sweep; more is a slip of the pen.
const MAX_RUNS: u64 = 1_000_000_000;

/// Most cells of a sweep.
const MAX_CELLS: u64 = 1_000_000;

/// Why a sweep is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SweepError {
    /// A `--vary` argument.
    #[error("--vary {argument}: {problem}")]
    Vary {
        /// The argument as given.
        argument: String,
        /// What is wrong and what was expected.
        problem: String,
    },
    /// A list of strategies.
    #[error("--strategy {argument}: {problem}")]
    Strategy {
        /// The argument as given.
        argument: String,
        /// What is wrong and what was expected.
        problem: String,
    },
    /// The seeds.
    #[error("--seeds: {problem}")]
    Seeds {
        /// What is wrong and what was expected.
        problem: String,
    },
    /// No cell can be run.
    #[error("no cell of this sweep can be run; the first: {reason}")]
    NothingToRun {
        /// Why the first cell cannot.
        reason: String,
    },
    /// A setting of the base.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
}

/// A setting that is varied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axis {
    /// Its key.
    pub key: &'static str,
    /// Its values in the order given.
    pub values: Vec<Value>,
}

impl Axis {
    /// Reads `key=value,value,..`.
    ///
    /// # Errors
    /// When the key does not exist or does not take a value.
    pub fn parse(argument: &str) -> Result<Self, SweepError> {
        let refuse = |problem| SweepError::Vary { argument: argument.to_owned(), problem };
        let (path, words) = argument.split_once('=').ok_or_else(|| {
            refuse("expected key=value,value, link.loss_ppm=0,20000 for one".to_owned())
        })?;
        let path = path.trim();
        if path == "client.strategy" {
            return Err(refuse("strategies are compared with --strategy A,B".to_owned()));
        }
        let key = keys::find(path).ok_or_else(|| refuse(unknown(path)))?;
        let mut values = Vec::new();
        for word in words.split(',') {
            let value = Value::parse_word(key, word.trim().trim_matches('"')).map_err(refuse)?;
            if values.contains(&value) {
                return Err(refuse(format!("the value {word} stands in it twice")));
            }
            values.push(value);
        }
        Ok(Self { key: key.path, values })
    }
}

/// Seeds in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seeds {
    /// The first.
    pub first: u64,
    /// How many.
    pub count: u64,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Order {
    /// The settings that all cells share.
    pub settings: Settings,
    /// The arguments of `smpsim run` that give these settings and the image.
    pub base: String,
    /// An image instead of the generated one.
    pub image: Option<ImageFile>,
    /// The images of a package beside it, with their numbers, for devices with slots for several.
    pub more_images: Vec<(u32, ImageFile)>,
    /// Whether an image is let through that the boot loader would refuse.
    pub force: bool,
    /// The strategies.
    pub strategies: Vec<Contender>,
    /// The settings that are varied.
    pub axes: Vec<Axis>,
    /// The seeds of each cell.
    pub seeds: Seeds,
    /// The part of it that is run here.
    pub shard: Shard,
}

/// A sweep: strategies outermost, then the settings in the order given, then seeds.
#[derive(Clone, Debug)]
pub struct Plan {
    order: Order,
    cells: u64,
    digest: String,
}

impl Plan {
    /// Checks an order.
    ///
    /// # Errors
    /// When it makes no sweep.
    pub fn new(order: Order) -> Result<Self, SweepError> {
        check_strategies(&order.strategies)?;
        for (i, axis) in order.axes.iter().enumerate() {
            if order.axes[..i].iter().any(|earlier| earlier.key == axis.key) {
                return Err(SweepError::Vary {
                    argument: axis.key.to_owned(),
                    problem: "the key is varied twice; give all its values at once".to_owned(),
                });
            }
        }
        let cells = order
            .axes
            .iter()
            .map(|axis| axis.values.len() as u64)
            .try_fold(order.strategies.len() as u64, u64::checked_mul)
            .filter(|cells| *cells <= MAX_CELLS)
            .ok_or_else(|| SweepError::Vary {
                argument: order.axes.last().map_or("", |axis| axis.key).to_owned(),
                problem: format!("more than {MAX_CELLS} cells; vary fewer settings at a time"),
            })?;
        check_seeds(order.seeds, cells)?;
        let digest = digest(&order);
        let plan = Self { order, cells, digest };
        super::cell::check(&plan)?;
        Ok(plan)
    }

    /// The settings that all cells share.
    pub fn settings(&self) -> &Settings {
        &self.order.settings
    }

    /// The arguments of `smpsim run` that all cells share.
    pub fn base(&self) -> &str {
        &self.order.base
    }

    pub(super) fn image(&self) -> Option<&ImageFile> {
        self.order.image.as_ref()
    }

    pub(super) fn more_images(&self) -> &[(u32, ImageFile)] {
        &self.order.more_images
    }

    pub(super) fn force(&self) -> bool {
        self.order.force
    }

    /// The settings that are varied.
    pub fn axes(&self) -> &[Axis] {
        &self.order.axes
    }

    /// The seeds of each cell.
    pub fn seeds(&self) -> Seeds {
        self.order.seeds
    }

    /// The part that is run here.
    pub fn shard(&self) -> Shard {
        self.order.shard
    }

    /// 16 hex digits that two sweeps share only when they have the same runs: what the program,
    /// the settings, the image, the strategies, the varied values and the seeds come to.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// How many cells there are.
    pub fn cells(&self) -> u64 {
        self.cells
    }

    /// How many runs there are in all shards.
    pub fn runs(&self) -> u64 {
        self.cells * self.order.seeds.count
    }

    /// How many of them are carried out here.
    pub fn share(&self) -> u64 {
        self.order.shard.share(self.runs())
    }

    /// A cell by its number, from 0.
    pub fn cell(&self, index: u64) -> Cell {
        let mut left = index;
        let mut values: Vec<Value> = Vec::with_capacity(self.order.axes.len());
        for axis in self.order.axes.iter().rev() {
            let count = axis.values.len() as u64;
            values.push(axis.values[(left % count) as usize].clone());
            left /= count;
        }
        values.reverse();
        Cell { index, strategy: self.order.strategies[left as usize].clone(), values }
    }
}

impl Plan {
    /// Reads `--strategy`: names with commas between, or `all`; `exec:` with a command line stands last.
    ///
    /// # Errors
    /// When there is no strategy of a name.
    pub fn strategies(argument: &str) -> Result<Vec<Contender>, SweepError> {
        if argument.trim() == "all" {
            return Ok(StrategyKind::ALL.iter().copied().map(Contender::Strategy).collect());
        }
        Contender::names(argument)
            .into_iter()
            .map(|name| {
                Contender::from_name(name).ok_or_else(|| SweepError::Strategy {
                    argument: argument.to_owned(),
                    problem: format!("no strategy {name:?}; there are {}", strategy_names()),
                })
            })
            .collect()
    }
}

fn strategy_names() -> String {
    let names: Vec<_> = StrategyKind::ALL.iter().map(|kind| kind.name()).collect();
    names.join(", ")
}

fn check_strategies(strategies: &[Contender]) -> Result<(), SweepError> {
    for (i, strategy) in strategies.iter().enumerate() {
        if strategies[..i].contains(strategy) {
            return Err(SweepError::Strategy {
                argument: strategy.name().to_owned(),
                problem: "it stands in the list twice".to_owned(),
            });
        }
    }
    Ok(())
}

fn check_seeds(seeds: Seeds, cells: u64) -> Result<(), SweepError> {
    let refuse = |problem| Err(SweepError::Seeds { problem });
    if seeds.count == 0 {
        return refuse("expected 1 or more, got 0".to_owned());
    }
    if seeds.first.checked_add(seeds.count - 1).is_none() {
        return refuse(format!("{} seeds from {} on leave 64 bits", seeds.count, seeds.first));
    }
    match cells.checked_mul(seeds.count) {
        Some(runs) if runs <= MAX_RUNS => Ok(()),
        _ => refuse(format!("more than {MAX_RUNS} runs: {cells} cells of {} seeds", seeds.count)),
    }
}

/// Every part of the plan goes in with its length, so that no two plans give the same octets.
fn digest(order: &Order) -> String {
    let mut hash = Sha256::new();
    let mut part = |text: &str| {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    };
    part("smpsim.sweep/1");
    part(env!("CARGO_PKG_VERSION"));
    part(&order.base);
    for key in KEYS {
        part(key.path);
        part(&order.settings.get(key.path).to_string());
    }
    part(&order.image.as_ref().map(|image| hex(&image.sha256())).unwrap_or_default());
    for (number, image) in &order.more_images {
        part(&format!("{number} {}", hex(&image.sha256())));
    }
    for strategy in &order.strategies {
        part(strategy.name());
    }
    for axis in &order.axes {
        part(axis.key);
        for value in &axis.values {
            part(&value.to_string());
        }
    }
    part(&format!("{} {}", order.seeds.first, order.seeds.count));
    hex(&hash.finalize()[..8])
}

#[cfg(test)]
mod tests {
    use super::{Axis, Order, Plan, Seeds};
    use crate::scenario::Settings;
    use crate::sweep::Shard;

    fn order(vary: &[&str]) -> Order {
        Order {
            settings: Settings::preset("reference").expect("there is one"),
            base: "reference".to_owned(),
            image: None,
            more_images: Vec::new(),
            force: false,
            strategies: Plan::strategies("android,ncs-central-sample").expect("there are these"),
            axes: vary.iter().map(|a| Axis::parse(a).expect("lawful")).collect(),
            seeds: Seeds { first: 1, count: 3 },
            shard: Shard::WHOLE,
        }
    }

    #[test]
    fn strategies_are_outermost_and_the_last_key_changes_fastest() {
        let plan = Plan::new(order(&["link.loss_ppm=0,1", "client.window=1,2,3"])).expect("lawful");
        assert_eq!((plan.cells(), plan.runs()), (12, 36));
        let shown: Vec<String> = (0..plan.cells())
            .map(|i| plan.cell(i))
            .map(|c| format!("{} {} {}", c.strategy.name(), c.values[0], c.values[1]))
            .collect();
        assert_eq!(shown[0], "android 0 1");
        assert_eq!(shown[1], "android 0 2");
        assert_eq!(shown[3], "android 1 1");
        assert_eq!(shown[6], "ncs-central-sample 0 1");
    }

    #[test]
    fn each_part_of_a_plan_changes_its_digest_and_the_shard_does_not() {
        let base = Plan::new(order(&["link.loss_ppm=0,1"])).expect("lawful");
        let digest = |change: &dyn Fn(&mut Order)| {
            let mut order = order(&["link.loss_ppm=0,1"]);
            change(&mut order);
            Plan::new(order).expect("lawful").digest().to_owned()
        };
        assert_eq!(base.digest().len(), 16);
        assert_eq!(digest(&|_| {}), base.digest());
        assert_eq!(digest(&|o| o.shard = Shard::new(2, 3).expect("lawful")), base.digest());
        for other in [
            digest(&|o| o.seeds.first = 2),
            digest(&|o| o.seeds.count = 4),
            digest(&|o| o.strategies.truncate(1)),
            digest(&|o| o.axes[0] = Axis::parse("link.loss_ppm=1,0").expect("lawful")),
            digest(&|o| o.axes.clear()),
            digest(&|o| o.settings.set("link.interval_us=7500").expect("lawful")),
            digest(&|o| o.base.push_str(" --set a=b")),
        ] {
            assert_ne!(other, base.digest());
        }
    }

    #[test]
    fn what_cannot_be_varied_is_refused_with_the_keys_message() {
        let e = |argument| Axis::parse(argument).expect_err("must be refused").to_string();
        assert_eq!(
            e("link.loss_pm=0"),
            "--vary link.loss_pm=0: unknown key link.loss_pm; did you mean link.loss_ppm?"
        );
        assert!(e("link.loss_ppm=0,-1").contains("expected 0 to"));
        assert!(e("link.loss_ppm=0,").contains("whole number"));
        assert!(e("link.loss_ppm").contains("key=value"));
        assert!(e("link.loss_ppm=5,5").contains("twice"));
        assert!(e("client.strategy=android").contains("--strategy"));
    }

    #[test]
    fn plans_that_make_no_sweep_are_refused() {
        let e = |order| Plan::new(order).expect_err("must be refused").to_string();
        assert!(e(order(&["link.loss_ppm=0", "link.loss_ppm=1"])).contains("varied twice"));
        let seeds = |first, count| Order { seeds: Seeds { first, count }, ..order(&[]) };
        assert!(e(seeds(1, 0)).starts_with("--seeds: expected 1 or more"));
        assert!(e(seeds(u64::MAX, 2)).contains("64 bits"));
        assert!(e(seeds(1, 1_000_000_000)).contains("more than"));
        let mut unlawful = order(&[]);
        unlawful.settings.set("link.interval_us=8000").expect("lawful alone");
        assert!(e(unlawful).contains("no multiple of 1250"));
        let strategies = |names| Plan::strategies(names).expect("there are these");
        let mut unlawful = Order { strategies: strategies("mcumgr-toolkit,android"), ..order(&[]) };
        unlawful.settings.set("link.interval_us=8000").expect("lawful alone");
        assert!(e(unlawful).contains("no multiple of 1250"));
        let elsewhere = Order { strategies: strategies("mcumgr-toolkit"), ..order(&[]) };
        Plan::new(elsewhere).expect("its rows tell that it does not apply");
        let e = Plan::strategies("android,androyd").expect_err("must be refused").to_string();
        assert!(e.contains("no strategy \"androyd\"") && e.contains("smpclient"), "{e}");
    }
}
