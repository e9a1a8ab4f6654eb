//! Each provider's receiver, with the answers that the real one gives: what arrives, and what is made of its answers.

use std::sync::atomic::{AtomicUsize, Ordering};

use sendwall::alerts::Sink as _;
use sendwall::alerts::deliver::{Channel, Target, Verdict};
use sendwall::domain::{Span, Timestamp};
use sendwall::privacy::Secret;
use serde_json::{Value, json};

use super::{Stage, alert, channel, url};
use crate::support::app::{App, Recorded, reply};
use crate::support::proxy::eventually;

const NOW: Timestamp = Timestamp::from_unix_ms(1_795_198_202_000);

/// Gives these answers in turn, the last one ever after.
fn answering(answers: &[(&'static str, &'static str)]) -> App {
    let (answers, next) = (answers.to_vec(), AtomicUsize::new(0));
    App::start(move |_, stream| {
        let turn = next.fetch_add(1, Ordering::Relaxed).min(answers.len() - 1);
        let (status, body) = answers[turn];
        reply(stream, status, "content-type: application/json", body)
    })
}

fn body(request: &Recorded) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

/// What a provider says, and what is to become of the alert.
struct Case {
    kind: &'static str,
    answer: (&'static str, &'static str),
    verdict: &'static str,
}

fn target(kind: &str, app: &App) -> Target {
    let secret = || Some(Secret::new("smsfw-test-secret"));
    match kind {
        "pagerduty" => Target::PagerDuty {
            url: url(app, "/v2/enqueue"),
            routing_key: Secret::new("0123456789abcdef0123456789abcdef"),
        },
        "slack" => Target::Slack { url: url(app, "/services/T/B/X") },
        "feishu" => Target::Feishu { url: url(app, "/open-apis/bot/v2/hook/x"), secret: secret() },
        "dingtalk" => Target::DingTalk { url: url(app, "/robot/send?access_token=t"), secret: secret() },
        "wecom" => Target::WeCom { url: url(app, "/cgi-bin/webhook/send?key=k") },
        "telegram" => Target::Telegram { url: url(app, ""), token: Secret::new("1:token"), chat: "-100".into() },
        "alertmanager_webhook" => Target::AlertmanagerWebhook { url: url(app, "/"), token: secret() },
        _ => Target::Webhook { url: url(app, "/in"), keys: Vec::new() },
    }
}

#[test]
fn answers_of_every_provider_are_understood_and_200_alone_is_no_success() {
    let case = |kind, answer, verdict| Case { kind, answer, verdict };
    for Case { kind, answer, verdict } in [
        case(
            "pagerduty",
            ("202 Accepted", r#"{"status":"success","message":"Event processed","dedup_key":"x"}"#),
            "delivered",
        ),
        case(
            "pagerduty",
            ("400 Bad Request", r#"{"status":"invalid event","message":"Event object is invalid"}"#),
            "never",
        ),
        case("pagerduty", ("429 Too Many Requests", ""), "later"),
        case("slack", ("200 OK", "ok"), "delivered"),
        case("slack", ("404 Not Found", "no_service"), "gone"),
        case("slack", ("410 Gone", "channel_is_archived"), "gone"),
        case("feishu", ("200 OK", r#"{"code":0,"msg":"success","data":{}}"#), "delivered"),
        case(
            "feishu",
            (
                "200 OK",
                r#"{"code":19021,"msg":"sign match fail or timestamp is not within one hour from current time"}"#,
            ),
            "later",
        ),
        case("dingtalk", ("200 OK", r#"{"errcode":0,"errmsg":"ok"}"#), "delivered"),
        case(
            "dingtalk",
            ("200 OK", r#"{"errcode":310000,"errmsg":"sign not match, more: [https://ding-doc.dingtalk.com]"}"#),
            "later",
        ),
        case("wecom", ("200 OK", r#"{"errcode":0,"errmsg":"ok"}"#), "delivered"),
        case("wecom", ("200 OK", r#"{"errcode":93000,"errmsg":"invalid webhook url, hint: [1]"}"#), "gone"),
        case("telegram", ("200 OK", r#"{"ok":true,"result":{"message_id":42}}"#), "delivered"),
        case(
            "telegram",
            (
                "403 Forbidden",
                r#"{"ok":false,"error_code":403,"description":"Forbidden: bot was blocked by the user"}"#,
            ),
            "gone",
        ),
        case("webhook", ("204 No Content", ""), "delivered"),
        case("webhook", ("302 Found", ""), "later"),
        case("alertmanager_webhook", ("200 OK", ""), "delivered"),
    ] {
        let app = answering(&[answer]);
        let stage = Stage::start(vec![channel("x", target(kind, &app))], None, NOW);
        let found = match stage.runtime.block_on(stage.courier.test("x")).unwrap().verdict {
            Verdict::Delivered => "delivered",
            Verdict::Later(_) => "later",
            Verdict::Never { .. } => "never",
            Verdict::Gone { .. } => "gone",
        };
        assert_eq!(found, verdict, "{kind}: {answer:?}");
        assert_eq!(app.requests().len(), 1, "{kind}: redirects are not followed");
        stage.stop();
    }
}

#[test]
fn each_provider_gets_what_it_asks_for() {
    let kinds = ["pagerduty", "slack", "feishu", "dingtalk", "wecom", "telegram", "alertmanager_webhook", "webhook"];
    let apps = kinds.map(|kind| {
        let ok = if kind == "telegram" { r#"{"ok":true}"# } else { r#"{"code":0,"errcode":0}"# };
        (kind, answering(&[("200 OK", ok)]))
    });
    let channels = apps.iter().map(|(kind, app)| channel(kind, target(kind, app))).collect();
    let stage = Stage::start(channels, None, NOW);
    stage.courier.take(&alert(NOW, 1, 1));
    let got = |wanted: &str| apps.iter().find(|(kind, _)| *kind == wanted).unwrap().1.wait_for(1).remove(0);

    let pagerduty = body(&got("pagerduty"));
    assert_eq!((&pagerduty["event_action"], &pagerduty["payload"]["class"]), (&json!("trigger"), &json!("messages")));
    let slack = body(&got("slack"));
    assert_eq!(slack["blocks"][0]["text"]["text"], "[CRITICAL] 142 SMS in 5m to UZ (limit 40)");
    let feishu = body(&got("feishu"));
    assert_eq!(feishu["timestamp"], "1795198202");
    assert!(feishu["sign"].as_str().is_some_and(|sign| sign.len() == 44), "{feishu}");
    let dingtalk = got("dingtalk");
    assert!(dingtalk.target().starts_with("/robot/send?access_token=t&timestamp=1795198202000&sign="));
    assert_eq!(body(&dingtalk)["msgtype"], "markdown");
    assert_eq!(body(&got("wecom"))["msgtype"], "markdown");
    let telegram = got("telegram");
    assert_eq!((telegram.target(), &body(&telegram)["chat_id"]), ("/bot1:token/sendMessage", &json!("-100")));
    let alertmanager = got("alertmanager_webhook");
    assert_eq!(alertmanager.header("authorization"), ["Bearer smsfw-test-secret"]);
    assert_eq!(body(&alertmanager)["version"], "4");
    let webhook = got("webhook");
    assert_eq!(webhook.header("webhook-id").len(), 1);
    for (_, app) in &apps {
        let request = app.wait_for(1).remove(0);
        assert_eq!(request.header("content-type"), ["application/json"]);
        assert!(request.header("user-agent")[0].starts_with("sendwall/"));
    }
    eventually("all of them took it", || {
        let metrics = stage.metrics();
        kinds.iter().all(|kind| metrics.contains(&format!("sendwall_alerts_sent_total{{channel=\"{kind}\"}} 1")))
            && !metrics.contains("sendwall_alerts_waiting{channel=\"slack\"} 1")
    });
    stage.stop();
}

#[test]
fn a_receiver_that_fails_is_tried_again_and_told_that_it_is_a_repeat() {
    let app = answering(&[("503 Service Unavailable", ""), ("200 OK", "")]);
    let channels = || vec![channel("program", target("webhook", &app))];
    let stage = Stage::start(channels(), None, NOW);
    let alert = alert(NOW, 1, 1);
    stage.courier.take(&alert);
    app.wait_for(1);
    eventually("the failure is counted", || {
        let failed = "sendwall_alert_attempts_failed_total{channel=\"program\",reason=\"receiver_error\"} 1";
        stage.metrics().contains(failed)
    });
    stage.pass(Span::seconds(7), channels(), None);
    let requests = app.wait_for(2);
    assert_eq!(requests[0].header("webhook-id"), requests[1].header("webhook-id"));
    assert_eq!((&body(&requests[0])["repeat"], &body(&requests[1])["repeat"]), (&json!(false), &json!(true)));
    stage.stop();
}

#[test]
fn a_receiver_that_is_gone_is_told_of_through_the_others() {
    let (gone, other) = (answering(&[("410 Gone", "")]), answering(&[("200 OK", "ok")]));
    let picky = Channel { matchers: vec![super::matcher("kind=attack")], ..channel("chat", target("slack", &other)) };
    let stage = Stage::start(vec![channel("program", target("webhook", &gone)), picky], None, NOW);
    stage.courier.take(&alert(NOW, 1, 1));
    gone.wait_for(1);
    let told = body(&other.wait_for(1)[0]);
    assert_eq!(
        told["blocks"][0]["text"]["text"],
        "[WARN] The alert channel program loses alerts: its receiver is gone, and nothing more is sent there until its settings change"
    );
    let text = told["blocks"][1]["text"]["text"].as_str().unwrap();
    assert!(text.contains("Lost: 142 SMS in 5m to UZ (limit 40)") && text.contains("It said: 410"), "{text}");
    stage.courier.take(&alert(NOW, 2, 1));
    eventually("what was lost is counted", || {
        stage.metrics().contains("sendwall_alerts_given_up_total{channel=\"program\",reason=\"gone\"} 1")
    });
    assert_eq!(gone.requests().len(), 1, "nothing more is sent there");
    stage.stop();
}

#[test]
fn receivers_in_private_networks_and_redirects_get_nothing() {
    let hidden = App::saying("secret");
    let location: &'static str = format!("location: http://{}/", hidden.address).leak();
    let redirecting = App::start(move |_, stream| reply(stream, "307 Temporary Redirect", location, ""));
    let open = channel("open", target("slack", &redirecting));
    let closed = Channel { allow_private: false, ..channel("closed", target("slack", &hidden)) };
    let stage = Stage::start(vec![open, closed], None, NOW);
    let test = |name: &str| stage.runtime.block_on(stage.courier.test(name)).unwrap();
    assert!(matches!(test("open").verdict, Verdict::Later(later) if later.why.starts_with("307")));
    let forbidden = test("closed");
    assert!(matches!(&forbidden.verdict, Verdict::Later(later) if later.reason == "forbidden"));
    assert!(!forbidden.said.contains("services/T/B/X"), "an URL is a secret: {}", forbidden.said);
    assert!(hidden.requests().is_empty());
    stage.stop();
}

#[test]
fn what_comes_faster_than_a_channel_takes_it_arrives_as_digests() {
    let app = answering(&[("200 OK", r#"{"errcode":0}"#)]);
    let channels = || vec![Channel { rate: 20, ..channel("chat", target("dingtalk", &app)) }];
    let stage = Stage::just_started(channels(), None, NOW);
    stage.courier.take(&alert(NOW, 1, 1));
    app.wait_for(1);
    eventually("the first is settled", || stage.metrics().contains("sendwall_alerts_sent_total{channel=\"chat\"} 1\n"));
    for incident in 2..=15 {
        stage.courier.take(&alert(NOW, incident, 1));
    }
    stage.pass(Span::millis(3530), channels(), None);
    let digest = body(&app.wait_for(2)[1]);
    let text = digest["markdown"]["text"].as_str().unwrap();
    assert!(text.starts_with("#### 14 alerts in one message"), "{text}");
    assert_eq!(text.matches("142 SMS").count(), 14);
    stage.stop();
    assert_eq!(app.requests().len(), 2);
}
