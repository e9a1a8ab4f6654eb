"""Writes the traces beside it: one line an event, in few words."""

import json
import pathlib

HEADERS = [
    ["host", "shop.example"],
    ["sec-ch-ua", '"Chromium";v="142"'],
    ["user-agent", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36"],
    ["accept", "*/*"],
    ["sec-fetch-site", "same-origin"],
    ["accept-encoding", "gzip"],
    ["accept-language", "en-GB"],
]
START = 1_795_197_600_000


def line(seconds, who, **more):
    return {
        "ts": START + round(seconds * 1000), "event": "page", "method": "GET", "path": "/", "ip": f"81.2.{who}.9",
        "cookie": f"c{who}", "device": None, "headers": HEADERS, "ja4": None,
        "geo": {"country": "GB", "asn": 2856, "as_org": "BT", "hosting": False, "anonymous": False}, **more,
    }


def send(seconds, who, id, phone, label="legit", scenario="day", verify=9000, endpoint="login", price=0.04, **more):
    outcome = {"solves": ["pow", "captcha"] if label == "legit" else [], "solve_ms": 800 if label == "legit" else None,
               "verify_ms": verify, "delivered": True, "delivery_ms": 2000}
    truth = {"label": label, "scenario": scenario, "class": "web", "resend": False, "price": price}
    return line(seconds, who, event="send", method="POST", path="/login/code", id=id, endpoint=endpoint, phone=phone,
                outcome=outcome, truth=truth, **more)


MEASURES = [
    line(0, 1),
    send(20, 1, "first", "+447402417171"),
    send(50, 1, "again-within-a-minute", "07402 417171", verify=None),
    send(81, 1, "again-later", "+44 7402 417171"),
    line(100, 2),
    send(110, 9, "leaks", "+447402417272", "attack", "pumping", None, price=0.05),
    send(120, 9, "refused", "+447402417272", "attack", "pumping", None, price=0.05),
    send(121, 9, "abroad", "+998901234567", "attack", "pumping", None, price=0.2),
    send(130, 2, "victim-has-the-attackers-sms", "+447402417272"),
    send(140, 3, "not-a-number", "0740x"),
    send(150, 4, "lost-abroad", "+971501234567"),
    send(160, 5, "by-mail", "anna@shop.example", endpoint="mail", verify=None),
    send(500, 6, "device", "+353851234567", cookie=None, device="d6", geo=None, ja4="t13d1516h2_8daaf6152771"),
    send(500, 6, "same-moment", "+353851234568", cookie=None, device="d6", geo=None),
]
for name, lines in {"measures": MEASURES}.items():
    text = "".join(json.dumps(each, separators=(",", ":")) + "\n" for each in lines)
    pathlib.Path(__file__).with_name(f"{name}.jsonl").write_text(text)
