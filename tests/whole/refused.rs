//! Reloads that are refused: what is told of them, and that mending what was wrong is enough.

use std::fs;

use crate::support::proxy::eventually;
use crate::whole::editing::{PHONE, block, config, revision};
use crate::whole::stage::{Directory, Sendwall, shop};

fn problems(sendwall: &Sendwall) -> String {
    sendwall.admin("/readyz").json()["reload_problems"].to_string()
}

/// One that runs with a rule in `rules/`.
fn started() -> Sendwall {
    let directory = Directory::new();
    for name in ["rules", "new"] {
        fs::create_dir(directory.0.join(name)).unwrap();
    }
    directory.write("rules/one.toml", &block("FR"));
    Sendwall::start_in(directory, shop().address, &config(100, "rules = [\"rules/*.toml\"]"))
}

#[test]
fn a_file_that_a_refused_configuration_lacks_is_seen_when_it_comes() {
    let sendwall = started();
    let rule = "[[rule]]\nid = \"office\"\nwhen = 'ip in lists.office'\nthen = \"block\"\n";
    sendwall.directory.write("new/one.toml", rule);
    sendwall.write_rules(&config(100, "rules = [\"new/*.toml\"]"));
    eventually("it is told", || problems(&sendwall).contains("office"));
    let list = "[[list]]\nname = \"office\"\nkind = \"networks\"\nvalues = [\"127.0.0.0/8\"]\n";
    sendwall.directory.write("new/lists.toml", list);
    eventually("all of it is in force", || revision(&sendwall).starts_with("r2-"));
    assert_eq!((sendwall.send(PHONE).status, problems(&sendwall).as_str()), (403, "[]"));
}
