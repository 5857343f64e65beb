//! Messages in the form that the Cloud API takes, within its limits.

use super::WhatsappSettings;
use crate::messengers::draft;
use millwright_domain::message::{Answer, Button, Message};
use serde_json::{Value, json};

const LONGEST_TEXT: usize = 4_096;
const LONGEST_INTERACTIVE: usize = 1_024;
const MOST_BUTTONS: usize = 3;
const LONGEST_TITLE: usize = 20;
const LONGEST_ID: usize = 256;
/// A template's whole body, with what stands between its parameters: see docs/messages/whatsapp.md.
const LONGEST_TEMPLATE: usize = 1_024;
const BETWEEN: usize = 150;
/// A parameter must not be empty.
const NOTHING: &str = "-";

/// The digits of a number in E.164.
pub fn number(address: &str) -> Option<String> {
    let digits = address.strip_prefix('+').unwrap_or(address);
    let is_number = (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    is_number.then(|| digits.to_string())
}

/// Free text, with buttons if there are any.
pub fn free(to: &str, message: &Message) -> Value {
    let buttons: Vec<Value> =
        buttons(message).map(|button| json!({ "type": "reply", "reply": { "id": button.id, "title": title(button) } })).collect();
    if buttons.is_empty() {
        let text = json!({ "body": draft::plain(message, LONGEST_TEXT), "preview_url": false });
        return json!({ "messaging_product": "whatsapp", "recipient_type": "individual", "to": to, "type": "text", "text": text });
    }
    let body = json!({ "text": draft::plain(message, LONGEST_INTERACTIVE) });
    let interactive = json!({ "type": "button", "body": body, "action": { "buttons": buttons } });
    json!({ "messaging_product": "whatsapp", "recipient_type": "individual", "to": to, "type": "interactive", "interactive": interactive })
}

/// The template of a question if it can be answered by yes and no, else that of a message; `None` if there is none.
pub fn template(to: &str, message: &Message, settings: &WhatsappSettings) -> Option<Value> {
    let mut components = vec![json!({ "type": "body", "parameters": parameters(message) })];
    let question = yes_and_no(message).filter(|_| !settings.template_question.is_empty());
    let name = match question {
        Some(answers) => {
            for (index, button) in answers.into_iter().enumerate() {
                let parameters = json!([{ "type": "payload", "payload": button.id }]);
                components.push(json!({ "type": "button", "sub_type": "quick_reply", "index": index.to_string(), "parameters": parameters }));
            }
            &settings.template_question
        }
        None => Some(&settings.template_message).filter(|name| !name.is_empty())?,
    };
    let template = json!({ "name": name, "language": { "code": settings.template_language }, "components": components });
    Some(json!({ "messaging_product": "whatsapp", "recipient_type": "individual", "to": to, "type": "template", "template": template }))
}

/// Headline, text and link, each on one line with single spaces.
fn parameters(message: &Message) -> Value {
    let headline = draft::headline(message);
    let url = draft::first_url(message).filter(|url| draft::units(url) <= 300).unwrap_or_else(|| NOTHING.into());
    let room = LONGEST_TEMPLATE - BETWEEN - draft::units(&headline) - draft::units(&url);
    let text = draft::cut(&draft::one_line(&message.text), room);
    let parameter = |text: &str| json!({ "type": "text", "text": if text.is_empty() { NOTHING } else { text } });
    json!([parameter(&headline), parameter(&text), parameter(&url)])
}

/// In the order of the template's buttons.
fn yes_and_no(message: &Message) -> Option<[&Button; 2]> {
    let which = |is: fn(&Answer) -> bool| buttons(message).find(|button| Answer::of_button(&button.id).is_some_and(|answer| is(&answer)));
    Some([which(|answer| matches!(answer, Answer::Yes { .. }))?, which(|answer| matches!(answer, Answer::No { .. }))?])
}

fn buttons(message: &Message) -> impl Iterator<Item = &Button> {
    message.buttons.iter().filter(|button| (1..=LONGEST_ID).contains(&button.id.len()) && !title(button).is_empty()).take(MOST_BUTTONS)
}

fn title(button: &Button) -> String {
    draft::cut(&draft::one_line(&button.title), LONGEST_TITLE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::SecretSource;
    use millwright_domain::{
        ids::{ActionId, derived},
        message::Link,
    };
    use proptest::prelude::*;

    fn message(buttons: Vec<Button>) -> Message {
        let links = vec![Link { title: "Case".into(), url: "https://c.example/1".into() }];
        Message { headline: "Pump 1".into(), text: "a\n\tb     c".into(), severity: None, buttons, links, repeat: false }
    }
    fn answers() -> Vec<Button> {
        let action = ActionId(derived("a", "b", 0));
        let button = |id: String, title: &str| Button { id, title: title.into() };
        vec![
            button(Answer::SEEN_BUTTON.into(), "Seen"),
            button(Answer::no_button(action), "No"),
            button(Answer::yes_button(action, "0123456789abcdef"), "Yes, at once and whatever it costs"),
        ]
    }
    fn settings() -> WhatsappSettings {
        let token = SecretSource::parse("env:T").unwrap();
        let [template_message, template_question, template_language, api] = ["m", "q", "de", ""].map(String::from);
        WhatsappSettings { token, phone_number_id: "1".into(), template_message, template_question, template_language, api }
    }

    #[test]
    fn buttons_keep_within_their_limits() {
        let sent = free("4917", &message(answers()));
        let buttons = sent["interactive"]["action"]["buttons"].as_array().unwrap();
        assert_eq!(buttons.len(), 3);
        assert_eq!(buttons[2]["reply"]["title"], "Yes, at once and wh…");
        assert_eq!(free("4917", &message(vec![]))["text"]["body"], "Pump 1\na\nb     c\n\nCase: https://c.example/1");
    }

    #[test]
    fn a_question_puts_yes_first_and_no_second_as_its_template_does() {
        let sent = template("4917", &message(answers()), &settings()).unwrap();
        let components = &sent["template"]["components"];
        assert_eq!((sent["template"]["name"].as_str(), sent["template"]["language"]["code"].as_str()), (Some("q"), Some("de")));
        assert!(components[1]["parameters"][0]["payload"].as_str().unwrap().starts_with("y:"));
        assert!(components[2]["parameters"][0]["payload"].as_str().unwrap().starts_with("n:"));
        assert_eq!((components[1]["index"].as_str(), components[2]["index"].as_str()), (Some("0"), Some("1")));
        let parameters = components[0]["parameters"].as_array().unwrap().iter().map(|parameter| parameter["text"].as_str().unwrap());
        assert_eq!(parameters.collect::<Vec<_>>(), ["Pump 1", "a b c", "https://c.example/1"]);
    }

    #[test]
    fn without_yes_and_no_or_without_its_template_a_question_is_a_message() {
        let seen = message(vec![Button { id: "seen".into(), title: "Seen".into() }]);
        let sent = template("4917", &seen, &settings()).unwrap();
        assert_eq!((sent["template"]["name"].as_str(), sent["template"]["components"].as_array().unwrap().len()), (Some("m"), 1));
        let no_question = WhatsappSettings { template_question: String::new(), ..settings() };
        assert_eq!(template("4917", &message(answers()), &no_question).unwrap()["template"]["name"], "m");
        assert_eq!(template("4917", &seen, &WhatsappSettings { template_message: String::new(), ..settings() }), None);
    }

    #[test]
    fn only_a_number_is_one() {
        assert_eq!(number("+491701234567").as_deref(), Some("491701234567"));
        for bad in ["", "+", "0170123456", "+49 170 1234567", "12345", "+4917012345678901", "ann"] {
            assert_eq!(number(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_parameter_is_refused_for_its_form(headline in "(.|\n){0,300}", text in "(.|\n|\t| ){0,1500}", url in "[a-z:/.]{0,600}") {
            let links = vec![Link { title: String::new(), url }];
            let sent = template("4917", &Message { headline, text, links, repeat: true, ..message(vec![]) }, &settings()).unwrap();
            let texts: Vec<&str> = sent["template"]["components"][0]["parameters"].as_array().unwrap().iter().map(|parameter| parameter["text"].as_str().unwrap()).collect();
            prop_assert!(texts.iter().all(|text| !text.is_empty() && !text.contains(['\n', '\t']) && !text.contains("    ")));
            prop_assert!(texts.iter().map(|text| draft::units(text)).sum::<usize>() <= LONGEST_TEMPLATE - BETWEEN);
        }
    }
}
