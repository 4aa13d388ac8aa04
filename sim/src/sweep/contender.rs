//! Who uploads in a cell: a strategy of the simulator, or a program outside.

use client_model::StrategyKind;
use std::sync::Arc;

/// What the name of a program begins with.
const PROGRAM: &str = "exec:";

/// A client that is compared with others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contender {
    /// A strategy of the simulator.
    Strategy(StrategyKind),
    /// A program, by `exec:` and its command line. Whoever watches the sweep plays it.
    Program(Arc<str>),
}

impl Contender {
    /// Its name, as `--strategy` takes it.
    pub fn name(&self) -> &str {
        match self {
            Self::Strategy(kind) => kind.name(),
            Self::Program(name) => name,
        }
    }

    /// The command line of a program.
    pub fn command(&self) -> Option<&str> {
        match self {
            Self::Strategy(_) => None,
            Self::Program(name) => name.strip_prefix(PROGRAM),
        }
    }

    /// The one of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        if name.starts_with(PROGRAM) {
            return Some(Self::Program(name.into()));
        }
        StrategyKind::from_name(name).map(Self::Strategy)
    }

    /// Those in a list with commas between, by name. A program ends the list: its command line may
    /// have commas.
    pub(super) fn names(list: &str) -> Vec<&str> {
        let mut names = Vec::new();
        let mut rest = list;
        loop {
            let (name, more) = match rest.split_once(',') {
                Some(parts) if !rest.trim_start().starts_with(PROGRAM) => parts,
                _ => (rest, ""),
            };
            names.push(name.trim());
            if more.is_empty() && name.len() == rest.len() {
                return names;
            }
            rest = more;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Contender;

    #[test]
    fn a_program_takes_the_rest_of_the_list() {
        assert_eq!(Contender::names("android"), ["android"]);
        assert_eq!(Contender::names("android, ios"), ["android", "ios"]);
        assert_eq!(Contender::names("ios,exec:./c a,b"), ["ios", "exec:./c a,b"]);
        assert_eq!(Contender::names("ios,"), ["ios", ""]);
        assert_eq!(Contender::names(""), [""]);
        let program = Contender::from_name("exec:./c 3").expect("any command");
        assert_eq!((program.name(), program.command()), ("exec:./c 3", Some("./c 3")));
        assert_eq!(Contender::from_name("ios").expect("a strategy").command(), None);
        assert_eq!(Contender::from_name("nobody"), None);
    }
}
