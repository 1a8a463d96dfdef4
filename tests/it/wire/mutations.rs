//! Thousands of bent documents: reading never panics, and one broken member does not take the others with it.

use kring::federation::wire::{Doc, Envelope, IdRules, read};
use serde_json::{Value, json};

use super::{lookalikes, read_all};
use crate::fixtures::exchanges;
use crate::sign::Dice;

fn seeds() -> Vec<Vec<u8>> {
    let captured =
        exchanges().into_iter().filter_map(|(_, e)| Some(e["request_body_raw"].as_str()?.as_bytes().to_vec()));
    let captured = captured.filter(|body| body.starts_with(b"{"));
    captured.chain(lookalikes().into_iter().map(|(_, bytes)| bytes)).collect()
}

#[test]
fn bent_bytes_never_panic() {
    let (seeds, mut dice) = (seeds(), Dice(4));
    let mut parsed = 0;
    for round in 0..2000 {
        let mut bytes = seeds[round % seeds.len()].clone();
        dice.mutate(&mut bytes);
        if let Ok(value) = read(&bytes) {
            parsed += 1;
            let _ = Envelope::read(&value, IdRules::default());
            read_all(Doc(&value));
        }
    }
    assert!(parsed > 200, "{parsed}");
}

/// Puts a value of the wrong shape somewhere in a document.
fn twist(value: &mut Value, dice: &mut Dice) {
    let wrong = [
        json!(null),
        json!(true),
        json!(-1.5),
        json!(""),
        json!("x"),
        json!([]),
        json!({}),
        json!([[null], {"id": 3}]),
        json!({"id": {"id": "x"}, "type": 7, "url": {"url": {}}, "name": ["a"]}),
    ];
    match value {
        Value::Object(members) if !members.is_empty() && dice.roll(3) > 0 => {
            let at = dice.roll(members.len());
            if let Some((_, member)) = members.iter_mut().nth(at) {
                twist(member, dice);
            }
        }
        Value::Array(items) if !items.is_empty() && dice.roll(3) > 0 => {
            let at = dice.roll(items.len());
            twist(&mut items[at], dice);
        }
        other => *other = wrong[dice.roll(wrong.len())].clone(),
    }
}

#[test]
fn d49_twisted_members_never_panic_nor_spoil_the_envelope() {
    let seeds: Vec<Value> = seeds().iter().map(|bytes| read(bytes).unwrap()).collect();
    let mut dice = Dice(5);
    for round in 0..2000 {
        let seed = &seeds[round % seeds.len()];
        let mut value = seed.clone();
        let members = value.as_object_mut().unwrap();
        let needed = ["id", "type", "actor", "object", "target"];
        let names: Vec<String> = members.keys().filter(|name| !needed.contains(&name.as_str())).cloned().collect();
        if names.is_empty() {
            continue;
        }
        let name = &names[dice.roll(names.len())];
        twist(&mut members[name], &mut dice);
        assert_eq!(Envelope::read(&value, IdRules::default()), Envelope::read(seed, IdRules::default()), "{name}");
        twist(&mut value, &mut dice);
        let _ = Envelope::read(&value, IdRules::default());
        read_all(Doc(&value));
    }
}
