//! The shard that the environment of a batch system asks for.

use sim::sweep::Shard;

/// Where a variable's value comes from.
type Lookup<'l> = &'l dyn Fn(&str) -> Option<String>;

/// The shard of this task of a batch system, with the variable that says so; the whole sweep where
/// none is set.
///
/// # Errors
/// When the variables of a system contradict each other or are not complete: running the whole
/// sweep in each task would be a waste that nobody notices.
pub(super) fn shard(get: Lookup<'_>) -> Result<(Shard, Option<&'static str>), String> {
    for (name, read) in [
        ("SLURM_ARRAY_TASK_ID", slurm as fn(u64, Lookup<'_>) -> Result<Shard, String>),
        ("JOB_COMPLETION_INDEX", kubernetes),
        ("CI_NODE_INDEX", gitlab),
    ] {
        if get(name).is_some() {
            let index = number(name, get)?;
            return Ok((read(index, get)?, Some(name)));
        }
    }
    for (name, index) in [
        ("SLURM_ARRAY_TASK_COUNT", "SLURM_ARRAY_TASK_ID"),
        ("JOB_COMPLETIONS", "JOB_COMPLETION_INDEX"),
        ("CI_NODE_TOTAL", "CI_NODE_INDEX"),
    ] {
        // GitLab sets the total to 1 for jobs that are not parallel.
        if get(name).is_some_and(|total| total.trim() != "1") {
            number(index, get)?;
        }
    }
    Ok((Shard::WHOLE, None))
}

/// `sbatch --array=MIN-MAX:STEP`; tasks are numbered from MIN in steps (sbatch(1), "OUTPUT
/// ENVIRONMENT VARIABLES").
fn slurm(id: u64, get: Lookup<'_>) -> Result<Shard, String> {
    let count = number("SLURM_ARRAY_TASK_COUNT", get)?;
    let min = number("SLURM_ARRAY_TASK_MIN", get)?;
    let step = match get("SLURM_ARRAY_TASK_STEP") {
        Some(_) => number("SLURM_ARRAY_TASK_STEP", get)?.max(1),
        None => 1,
    };
    let index = id.checked_sub(min).filter(|past| past % step == 0).map(|past| past / step);
    index.and_then(|index| Shard::new(index + 1, count)).ok_or_else(|| {
        format!(
            "SLURM_ARRAY_TASK_ID is {id}, which is none of {count} tasks from {min} on in steps of \
             {step}; arrays with gaps need --shard I/N"
        )
    })
}

/// Indices from 0 (Kubernetes documentation, "Indexed Job for Parallel Processing with Static Work
/// Assignment"). Kubernetes tells no pod how many there are.
fn kubernetes(index: u64, get: Lookup<'_>) -> Result<Shard, String> {
    let completions = number("JOB_COMPLETIONS", get)?;
    index.checked_add(1).and_then(|number| Shard::new(number, completions)).ok_or_else(|| {
        format!("JOB_COMPLETION_INDEX is {index}, which is none of JOB_COMPLETIONS = {completions}")
    })
}

/// Indices from 1 (GitLab documentation, "Predefined CI/CD variables").
fn gitlab(index: u64, get: Lookup<'_>) -> Result<Shard, String> {
    let total = number("CI_NODE_TOTAL", get)?;
    Shard::new(index, total).ok_or_else(|| {
        format!("CI_NODE_INDEX is {index}, which is none of CI_NODE_TOTAL = {total}")
    })
}

fn number(name: &str, get: Lookup<'_>) -> Result<u64, String> {
    let text = get(name).ok_or_else(|| {
        format!(
            "{name} is not set, though another variable says that this is one of several tasks; set \
             it, or give --shard I/N (1/1 for all)"
        )
    })?;
    text.trim().parse().map_err(|_| {
        format!("{name} is {text:?}, not a whole number; give --shard I/N (1/1 for all)")
    })
}

#[cfg(test)]
mod tests {
    use super::shard;

    fn taken(set: &[(&str, &str)]) -> Result<(String, Option<&'static str>), String> {
        let get = |name: &str| {
            set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        };
        shard(&get).map(|(shard, from)| (shard.to_string(), from))
    }

    #[test]
    fn each_system_counts_in_its_own_way() {
        let slurm = |id, min, step| {
            let mut set = vec![
                ("SLURM_ARRAY_TASK_ID", id),
                ("SLURM_ARRAY_TASK_COUNT", "4"),
                ("SLURM_ARRAY_TASK_MIN", min),
            ];
            set.extend(step);
            taken(&set).map(|(shard, _)| shard)
        };
        assert_eq!(slurm("0", "0", None), Ok("1/4".to_owned()));
        assert_eq!(slurm("4", "1", None), Ok("4/4".to_owned()));
        assert_eq!(slurm("12", "0", Some(("SLURM_ARRAY_TASK_STEP", "4"))), Ok("4/4".to_owned()));
        let kubernetes = taken(&[("JOB_COMPLETION_INDEX", "0"), ("JOB_COMPLETIONS", "8")]);
        assert_eq!(kubernetes, Ok(("1/8".to_owned(), Some("JOB_COMPLETION_INDEX"))));
        let gitlab = taken(&[("CI_NODE_INDEX", "8"), ("CI_NODE_TOTAL", "8")]);
        assert_eq!(gitlab, Ok(("8/8".to_owned(), Some("CI_NODE_INDEX"))));
        assert_eq!(taken(&[("CI_NODE_TOTAL", "1")]), Ok(("1/1".to_owned(), None)));
    }

    #[test]
    fn variables_that_tell_no_shard_are_refused_by_name() {
        let e = |set: &[(&str, &str)]| taken(set).expect_err("must be refused");
        assert!(e(&[("JOB_COMPLETION_INDEX", "3")]).starts_with("JOB_COMPLETIONS is not set"));
        assert!(e(&[("JOB_COMPLETION_INDEX", "3"), ("JOB_COMPLETIONS", "3")]).contains("none of"));
        assert!(e(&[("CI_NODE_INDEX", "0"), ("CI_NODE_TOTAL", "3")]).contains("none of"));
        assert!(e(&[("CI_NODE_INDEX", "x")]).contains("not a whole number"));
        let gap = [
            ("SLURM_ARRAY_TASK_ID", "9"),
            ("SLURM_ARRAY_TASK_COUNT", "3"),
            ("SLURM_ARRAY_TASK_MIN", "1"),
        ];
        assert!(e(&gap).contains("--shard I/N"));
    }
}
