//! `smpsim profiles`.

use crate::smpsim;

#[test]
fn each_profile_has_one_line() {
    let out = smpsim(&["profiles"]).with_status(0).out;
    let names: Vec<&str> = out.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(names, ["z30", "z32", "z37", "z4x"]);
    assert!(out.lines().all(|line| line.chars().count() <= 120), "{out}");
}

#[test]
fn the_table_tells_what_a_client_observes_and_fits_the_screen() {
    let out = smpsim(&["profiles", "--diff", "z32", "z37"]).with_status(0).out;
    assert!(out.lines().all(|line| line.chars().count() <= 100), "{out}");
    let document = smpsim(&["profiles", "--diff", "z32", "z37", "--json"]).with_status(0).json();
    let told = document["differences"].to_string();
    for point in [
        "version bits",
        "handler's error",
        "other than read",
        "no free slot",
        "pending",
        "slot info",
        "echo",
        "refused chunk",
        "wrong type",
    ] {
        assert!(told.contains(point), "no {point:?} in {told}");
    }
    // The field's names for things, not the program's.
    for inner in ["quirks", "max_version", "Zcbor06"] {
        assert!(!out.contains(inner), "{inner:?} in:\n{out}");
    }
}

#[test]
fn neighbours_differ_in_little() {
    let out = smpsim(&["profiles", "--diff", "z30", "z32", "--json"]).with_status(0).json();
    assert_eq!(out["schema"], "smpsim.profiles/1");
    assert_eq!(out["a"], "z30");
    let differences = out["differences"].as_array().expect("a list");
    assert_eq!(differences.len(), 1);
    assert_eq!(differences[0]["switch"], "success_carries_rc");
    let none = smpsim(&["profiles", "--diff", "z37", "z37"]).with_status(0).out;
    assert_eq!(none, "A client cannot tell z37 from z37.\n");
}

#[test]
fn the_list_as_a_document_names_releases() {
    let out = smpsim(&["profiles", "--json"]).with_status(0).json();
    let profiles = out["profiles"].as_array().expect("a list");
    assert_eq!(profiles.len(), 4);
    for profile in profiles {
        for field in ["name", "zephyr", "ncs", "about"] {
            assert!(profile[field].is_string(), "{field} of {profile}");
        }
    }
}

#[test]
fn a_name_that_does_not_exist_is_refused_with_those_that_do() {
    smpsim(&["profiles", "--diff", "z32", "z38"]).refuses(&["z38", "z4x"]);
    smpsim(&["profiles", "--diff", "z32"]).with_status(2);
}
