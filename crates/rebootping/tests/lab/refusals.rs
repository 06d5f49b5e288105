//! What the program refuses: bad configurations, a second daemon, other users, links that do not exist; each in clear words.

use rebootping_lab::{SWITCH_LIMIT, TARGETS_V4, wait_until};

use crate::asking::{Folder, NOBODY, ask, is_healthy, run_alone};
use crate::support::{RETURN_LIMIT, hold_down, lab, start, wait_out};

/// Refused: exit 2, the mistakes and nothing else on standard error, and nothing was made.
#[track_caller]
fn refused(folder: &Folder, text: &str) -> String {
    folder.configure(text);
    let said = folder.run("run");
    assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{text}\n{}", said.err);
    assert_eq!(folder.names(), ["test.toml"], "something was started for:\n{text}");
    said.err.replace(&folder.path().display().to_string(), "/etc/rebootping")
}

#[test]
fn a_bad_configuration_is_refused_and_nothing_is_started() {
    let folder = Folder::new("refused");
    let bad = [
        "[probe]\nintervall = \"1s\"",
        "[prob]\ninterval = \"1s\"",
        "[select]\nhold_down = 3600",
        "[select]\nhold_down = \"1 hour\"",
        "[probe]\ninterval = \"0s\"",
        "[probe]\ntargets = []",
        "[probe]\ntargets = [\"dns.google\", \"1.1.1.1\"]",
        "[links]\ninterfaces = [\"wan[12\"]",
        "[[link]]\nlabel = \"fibre\"",
        "[commit]\nbackend = \"exec\"",
        "[commit]\nbackend = \"shorewal\"",
        "[commit]\nstatus_file = \"/run/links.status\"",
        "[process]\njudge_user = \"root\"",
        "[select\nhold_down = \"1h\"",
        "[select]\nhold_down = \"1h\"\nhold_down = \"2h\"",
        "[probe]\nechoes = 0\n[select]\nhold_downs = \"1h\"",
    ];
    let told: Vec<String> = bad.iter().map(|text| format!("{text}\n> {}", refused(&folder, text))).collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn a_configuration_that_is_not_there_is_refused() {
    let folder = Folder::new("missing");
    let said = folder.run("run");
    let file = folder.path().join("test.toml");
    said.is_refused(
        2,
        &format!(
            "{}: cannot be read (No such file or directory); create it, or name another with --config",
            file.display()
        ),
    );
    assert!(folder.names().is_empty());
}

#[test]
fn only_root_may_run_it_and_nothing_is_made_for_others() {
    let folder = Folder::new("nobody");
    folder.configure("");
    folder
        .run_as_nobody("run")
        .is_refused(1, "rebootping: run needs root, to open packet sockets and to command Shorewall; use sudo");
    let said = folder.run_as_nobody("release");
    assert!(said.code == Some(1) && said.err.contains("needs root"), "{said:?}");
    assert_eq!(folder.names(), ["test.toml"]);
}

#[test]
fn a_second_daemon_is_refused_and_the_first_goes_on() {
    let lab = lab("second").without_shorewall().build();
    let first = lab.gw().daemon(&hold_down(5));
    first.wait_ready();
    let second = lab.gw().daemon(&hold_down(5));
    let log = lab.dir().join("run/lock");
    let said = format!("another rebootping runs here: it holds {}; stop it first", log.display());
    wait_until("the second daemon has said why it ends", SWITCH_LIMIT, || second.log().contains(&said));
    assert_eq!(second.wait_end(SWITCH_LIMIT).code(), Some(1));
    assert!(first.try_status().is_some(), "the first still answers");
}

#[test]
fn others_may_look_and_not_touch() {
    let lab = lab("look").without_shorewall().build();
    let daemon = lab.gw().daemon(&hold_down(5));
    daemon.wait_ready();
    let config = daemon.config_path().display().to_string();
    let folder = Folder::new("look");
    let program = format!("{} {}", NOBODY.join(" "), folder.program().display());
    let as_nobody = |words: &str| lab.gw().try_run(&format!("{program} --config {config} {words}"));
    let shown = as_nobody("status --json");
    assert!(shown.stdout.starts_with(b"{"), "{shown:?}");
    for words in ["link out wan1", "link retry wan1", "link auto wan1", "release"] {
        let refused = as_nobody(words);
        assert_eq!(refused.status.code(), Some(1), "{words}: {refused:?}");
        let text = String::from_utf8_lossy(&refused.stderr);
        assert_eq!(text.trim_end(), "rebootping: only root may change how links are used; use sudo", "{words}");
    }
}

#[test]
fn a_link_that_does_not_exist_is_answered_with_those_that_do() {
    let lab = lab("unknown").build();
    let daemon = start(&lab, &format!("{}[[link]]\ninterface = \"wan2\"\nlabel = \"cable\"\n", hold_down(5)));
    let answer = "rebootping: there is no link \"wan7\"; there are: wan1, cable";
    for words in ["why wan7", "link pin wan7", "link out wan7 --for 1h", "link retry wan7", "link auto wan7"] {
        ask(&daemon, words).is_refused(1, answer);
    }
    for name in ["wan2", "isp2", "cable"] {
        let said = ask(&daemon, &format!("why {name}"));
        assert!(said.code == Some(0) && said.out.starts_with("cable has been healthy and in use "), "{said:?}");
        assert!(said.out.lines().count() <= 10, "{said:?}");
    }
    let wrong = ["link pin", "link drop wan1", "link out wan1 --for 0s", "link out wan1 --for 5", "why", "nonsense"];
    for words in wrong.into_iter().chain(["link retry wan1 --for 1h"]) {
        let said = ask(&daemon, words);
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{words}: {said:?}");
    }
}

#[test]
fn the_exit_code_of_status_is_that_of_a_monitoring_plug_in() {
    let lab = lab("codes").build();
    let daemon = start(&lab, &hold_down(3600));
    let code = || ask(&daemon, "status").code;
    assert_eq!(code(), Some(0), "all links are healthy");
    lab.isp(1).blackhole(true);
    wait_out(&lab, &daemon, "wan1", SWITCH_LIMIT);
    assert_eq!(code(), Some(1), "one is not");
    lab.isp(2).blackhole(true);
    wait_until("no link answers, and status says 2", SWITCH_LIMIT, || code() == Some(2));
    assert_eq!(daemon.link("wan2")["enabled"], true);
    assert_eq!(ask(&daemon, "status --json").code, Some(2));
    // The other way round both would have a hold-down, and none be healthy.
    lab.isp(2).mend();
    lab.isp(1).mend();
    wait_until("answers are back, and status says 1", SWITCH_LIMIT, || code() == Some(1));
    assert!(daemon.terminate().0.success());
    let nobody = "rebootping: no daemon runs; start one with `rebootping run`, or name its file with --config";
    run_alone(&lab, "status").is_refused(3, nobody);
    assert_eq!(run_alone(&lab, "why wan1").code, Some(1));
}

#[test]
fn a_reload_takes_a_good_configuration_and_keeps_the_old_one_instead_of_a_broken_one() {
    let lab = lab("sighup").build();
    let daemon = start(&lab, &hold_down(3600));
    daemon.reload(Some("[select]\nhold_down = 5\n"));
    wait_until("the mistake is named", RETURN_LIMIT, || daemon.log().contains("hold_down is the number 5"));
    assert!(daemon.log().contains("the old one stays in force"), "{}", daemon.log());
    daemon.reload(Some(&format!(
        "{}[probe]\ntargets = [{}]\n[[link]]\ninterface = \"wan1\"\nlabel = \"fibre\"\n",
        hold_down(6),
        TARGETS_V4.map(|target| format!("\"{target}\"")).join(", "),
    )));
    wait_until("it is said that it was read again", RETURN_LIMIT, || {
        daemon.log().contains("the configuration was read again")
    });
    wait_until("the label is known", RETURN_LIMIT, || daemon.link("wan1")["label"] == "fibre");
    wait_until("both links are healthy again", RETURN_LIMIT, || is_healthy(&daemon));
    lab.target_dead(TARGETS_V4[0], true);
    wait_until("the new targets are asked", RETURN_LIMIT, || daemon.link("wan1")["answered"] == 3);
}
