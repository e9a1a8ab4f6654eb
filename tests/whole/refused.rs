//! Reloads that are refused: what is told of them, and that mending what was wrong is enough.

use std::fs;

use serde_json::json;

use crate::support::proxy::eventually;
use crate::whole::editing::{PHONE, block, config, revision, revisions};
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
    assert_eq!(sendwall.send(PHONE).status, 403);
    eventually("no fault is told any more", || problems(&sendwall) == "[]");
}

#[test]
fn what_a_key_of_a_refused_configuration_names_is_seen_when_it_comes() {
    let sendwall = started();
    let list = "\n[[list]]\nname = \"office\"\nkind = \"networks\"\nfile = \"office.txt\"\n";
    sendwall.write_rules(&(config(100, "rules = [\"rules/*.toml\"]") + list));
    eventually("it is told", || problems(&sendwall).contains("cannot read office.txt"));
    sendwall.directory.write("office.txt", "192.0.2.0/24\n");
    eventually("the list is in force", || revision(&sendwall).starts_with("r2-"));
    sendwall.directory.write("office.txt", "192.0.2.0/24\n198.51.100.0/24\n");
    eventually("so is an edit of it", || revision(&sendwall).starts_with("r3-"));
}

#[test]
fn another_edit_is_told_also_where_the_reason_of_the_refusal_stays() {
    let sendwall = started();
    fs::remove_file(sendwall.directory.0.join("rules/one.toml")).unwrap();
    eventually("it is told", || problems(&sendwall).contains("the directory rules holds no rules any more"));
    assert_eq!(revisions(&sendwall)[0]["changed"], json!(["rules/one.toml"]));
    sendwall.write_rules(&config(7, "rules = [\"rules/*.toml\"]"));
    let both = json!(["rules/one.toml", "sendwall.toml"]);
    eventually("that the edit isn't in force is told", || revisions(&sendwall)[0]["changed"] == both);
    assert_eq!(revisions(&sendwall)[0]["result"], "refused");
    assert_eq!(sendwall.log().matches("reload refused").count(), 2, "{}", sendwall.log());
}

#[test]
fn only_rules_are_missed_in_a_directory_of_rules() {
    let sendwall = started();
    sendwall.directory.write("new/deny.txt", "192.0.2.0/24\n");
    let patterns = "rules = [\"rules/*.toml\", \"new/*.toml\"]";
    let list = "\n[[list]]\nname = \"deny\"\nkind = \"networks\"\nfile = \"new/deny.txt\"\n";
    sendwall.write_rules(&(config(100, patterns) + list));
    eventually("the list is in force", || revision(&sendwall).starts_with("r2-"));
    sendwall.write_rules(&config(100, patterns));
    eventually("it is gone", || revision(&sendwall).starts_with("r3-"));
    assert_eq!(problems(&sendwall), "[]");
}

#[test]
fn a_directory_that_is_made_again_is_seen_before_it_has_files() {
    let sendwall = started();
    let rules = sendwall.directory.0.join("rules");
    fs::rename(&rules, sendwall.directory.0.join("aside")).unwrap();
    eventually("it is told", || problems(&sendwall).contains("the directory rules is gone"));
    fs::create_dir(&rules).unwrap();
    eventually("what is to be done now is told", || problems(&sendwall).contains("holds no rules any more"));
    assert_eq!(sendwall.admin_post("/api/reload", "").status, 200);
    assert_eq!(problems(&sendwall), "[]");
}
