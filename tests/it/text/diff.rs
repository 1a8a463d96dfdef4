//! The difference of two versions, by words.

use kring::text::{Run, lines_of, word_diff};

#[test]
fn a_paragraph_that_follows_does_not_change_the_word_before_it() {
    let runs = word_diff("Kom om tien uur", "Kom om tien uur\n\nNeem koffie mee");
    let added = || Run::Added("Neem koffie mee".to_owned());
    assert_eq!(runs, [Run::Same("Kom om tien uur".to_owned()), Run::Added("\n\nNeem koffie mee".to_owned())]);
    assert_eq!(lines_of(runs), [vec![Run::Same("Kom om tien uur".to_owned())], vec![added()]]);
}

#[test]
fn words_that_changed_stand_between_those_that_stayed() {
    let same = |text: &str| Run::Same(text.to_owned());
    let expected = [same("We beginnen om "), Run::Gone("tien ".to_owned()), Run::Added("elf ".to_owned()), same("uur")];
    assert_eq!(word_diff("We beginnen om tien uur", "We beginnen om elf uur"), expected);
}
