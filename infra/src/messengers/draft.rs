//! What is common to every channel: the message out of its effect, the person's address, and both as plain text that fits.

use crate::{
    outward::cleaned,
    secret::{Secret, SecretSource},
};
use millwright_domain::{
    effect::EffectWanted,
    ids::ActorId,
    message::{Channel, Message},
    ports::{
        address_book::{AddressBook, Contact},
        messenger::NotTaken,
    },
};
use std::error::Error;

const LONGEST_HEADLINE: usize = 200;
const LONGEST_LINE: usize = 4_096;
/// A longer address is of no use in a chat.
const LONGEST_URL: usize = 500;
const REPEAT: &str = " (may be a repeat)";

pub fn message(effect: &EffectWanted) -> Result<Message, NotTaken> {
    serde_json::from_str(&effect.body)
        .map_err(|cause| NotTaken::ForGood(format!("the effect's body is no message: {}", cleaned(&cause.to_string(), 200))))
}

/// The person that the effect is for, on this channel.
pub async fn contact(book: &dyn AddressBook, effect: &EffectWanted, channel: Channel) -> Result<Contact, NotTaken> {
    let (_, recipient) = effect.adapter_and_recipient();
    let person: ActorId = recipient.parse().map_err(|bad| NotTaken::ForGood(format!("nobody can be told: {bad}")))?;
    match book.contact(&person, channel).await {
        Ok(Some(contact)) => Ok(contact),
        Ok(None) => Err(NotTaken::ForGood(format!("{person} has no address for {channel}; enrol one"))),
        Err(failure) => Err(NotTaken::ForNow(in_words(&failure))),
    }
}

/// The secret to log in with. Without it nothing can be delivered.
pub fn active(secret: &SecretSource) -> Result<Secret, NotTaken> {
    secret.active().map_err(|failure| NotTaken::Away(in_words(&failure)))
}

/// An error with its causes, on one line.
pub fn in_words(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        words = format!("{words}: {inner}");
        cause = inner.source();
    }
    cleaned(&words, 400)
}

/// One line, marked if the same may have arrived before.
pub fn headline(message: &Message) -> String {
    format!("{}{}", cut(&one_line(&message.headline), LONGEST_HEADLINE), if message.repeat { REPEAT } else { "" })
}

/// Headline, text and links in at most `most` UTF-16 units, which is how chats count. What is too long loses the end of its text first.
pub fn plain(message: &Message, most: usize) -> String {
    let headline = headline(message);
    let text = lines(&message.text);
    let mut room = most.saturating_sub(units(&headline));
    let mut links = String::new();
    for link in links_of(message) {
        // An empty line comes before the links, and half of the room is for the text.
        let line = format!("\n{link}");
        if units(&links) + units(&line) < room / 2 {
            links.push_str(&line);
        }
    }
    if !links.is_empty() {
        links.insert(0, '\n');
        room = room.saturating_sub(units(&links));
    }
    let text = if text.is_empty() || room < 4 { String::new() } else { cut(&format!("\n{text}"), room) };
    cut(&format!("{headline}{text}{links}"), most)
}

/// `title: url` of each link, as far as they are of use.
pub fn links_of(message: &Message) -> Vec<String> {
    urls(message).map(|(title, url)| if title.is_empty() { url } else { format!("{title}: {url}") }).collect()
}

/// The first link's address.
pub fn first_url(message: &Message) -> Option<String> {
    urls(message).next().map(|(_, url)| url)
}

fn urls(message: &Message) -> impl Iterator<Item = (String, String)> {
    let fits = |url: &str| !url.is_empty() && url.len() <= LONGEST_URL && !url.contains(|c: char| c.is_whitespace() || c.is_control());
    message.links.iter().filter(move |link| fits(&link.url)).map(|link| (cleaned(&link.title, 100), link.url.clone()))
}

/// All lines, each without what does not belong into a line.
pub fn lines(text: &str) -> String {
    text.trim().lines().map(|line| cleaned(line, LONGEST_LINE)).collect::<Vec<_>>().join("\n")
}

/// One line with single spaces.
pub fn one_line(text: &str) -> String {
    // Cleaned first: what is taken out may have stood between spaces.
    cleaned(text, LONGEST_LINE).split_whitespace().collect::<Vec<_>>().join(" ")
}

pub fn units(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// At most so many UTF-16 units, with a mark where the rest is missing.
pub fn cut(text: &str, most: usize) -> String {
    if units(text) <= most {
        return text.to_string();
    }
    let mut room = most.saturating_sub(1);
    let mut kept = String::new();
    for c in text.chars() {
        let Some(left) = room.checked_sub(c.len_utf16()) else { break };
        room = left;
        kept.push(c);
    }
    if most > 0 {
        kept.push('…');
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use millwright_domain::message::Link;
    use proptest::prelude::*;

    fn message(text: &str, links: &[(&str, &str)]) -> Message {
        let links = links.iter().map(|(title, url)| Link { title: title.to_string(), url: url.to_string() }).collect();
        Message { headline: "Pump 1\nvibrates".into(), text: text.into(), severity: None, buttons: vec![], links, repeat: false }
    }

    #[test]
    fn a_message_is_its_headline_its_text_and_its_links() {
        let mut told =
            message("Bearing wear, 82 %.\nSince \u{1b}[1m08:30.\n", &[("Dashboard", "https://d.example/?from=1"), ("", "https://c.example")]);
        assert_eq!(
            plain(&told, 4_096),
            "Pump 1 vibrates\nBearing wear, 82 %.\nSince [1m08:30.\n\nDashboard: https://d.example/?from=1\nhttps://c.example"
        );
        told.repeat = true;
        assert!(plain(&told, 4_096).starts_with("Pump 1 vibrates (may be a repeat)\n"));
        assert_eq!(plain(&message("", &[]), 4_096), "Pump 1 vibrates");
    }

    #[test]
    fn a_long_text_loses_its_end_and_keeps_its_links() {
        let told = plain(&message(&"ä🙂 ".repeat(2_000), &[("Dashboard", "https://d.example")]), 1_024);
        assert!(told.ends_with("…\n\nDashboard: https://d.example"), "{told}");
        assert!((1_020..=1_024).contains(&units(&told)), "{}", units(&told));
    }

    #[test]
    fn a_link_that_is_none_is_left_out() {
        let told = message("t", &[("a", "https://a b"), ("b", &format!("https://{}", "x".repeat(600))), ("c", ""), ("d", "https://d")]);
        assert_eq!(links_of(&told), ["d: https://d"]);
        assert_eq!(first_url(&told).as_deref(), Some("https://d"));
    }

    proptest! {
        #[test]
        fn whatever_is_said_fits(headline in ".{0,300}", text in "(.|\n){0,400}", title in ".{0,150}", url in "[a-z:/]{0,600}", most in 0..700usize) {
            let links = vec![Link { title, url }; 3];
            let told = plain(&Message { headline, text, severity: None, buttons: vec![], links, repeat: true }, most);
            prop_assert!(units(&told) <= most, "{} of {most}", units(&told));
            prop_assert!(!told.chars().any(|c| c.is_control() && c != '\n'));
        }
    }
}
