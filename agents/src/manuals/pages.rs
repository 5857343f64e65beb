//! A file's text, page by page: PDF by its own pages, Markdown and plain text by form feeds, or by chapters.

use std::panic::{AssertUnwindSafe, catch_unwind};
use thiserror::Error;

/// Larger than any manual that a person wrote.
const MOST_BYTES: usize = 200 << 20;

#[derive(Debug, Error)]
pub enum BadManual {
    #[error("{0:?} cannot be a manual's name: use 1 to 80 of a-z, 0-9 and '-'")]
    Name(String),
    #[error("there is no text in it; a scanned manual needs to be read by OCR first")]
    NoText,
    #[error("it has {0} bytes; split it, {MOST_BYTES} are the most")]
    TooLarge(usize),
    #[error("it cannot be read as a PDF: {0}")]
    NotPdf(String),
    #[error("it is neither a PDF nor text in UTF-8")]
    NotText,
}

/// Pages of a file's bytes. Control characters are left out: they mean nothing to a reader and may mean something to a terminal.
pub fn pages_of(bytes: &[u8]) -> Result<Vec<String>, BadManual> {
    if bytes.len() > MOST_BYTES {
        return Err(BadManual::TooLarge(bytes.len()));
    }
    let pages = if bytes.starts_with(b"%PDF-") { of_pdf(bytes)? } else { of_text(std::str::from_utf8(bytes).map_err(|_| BadManual::NotText)?) };
    let pages: Vec<String> = pages.iter().map(|page| cleaned(page)).collect();
    if pages.iter().all(|page| page.trim().is_empty()) { Err(BadManual::NoText) } else { Ok(pages) }
}

fn of_pdf(bytes: &[u8]) -> Result<Vec<String>, BadManual> {
    // The reader panics on some broken files; what is read from outside must never end the program.
    let read = catch_unwind(AssertUnwindSafe(|| pdf_extract::extract_text_from_mem_by_pages(bytes)));
    match read {
        Ok(Ok(pages)) => Ok(pages),
        Ok(Err(error)) => Err(BadManual::NotPdf(error.to_string())),
        Err(_) => Err(BadManual::NotPdf("it is broken".into())),
    }
}

/// Markdown has no pages: a chapter (`#` or `##`) is one.
fn of_text(text: &str) -> Vec<String> {
    if text.contains('\u{c}') {
        return text.split('\u{c}').map(Into::into).collect();
    }
    let mut pages = vec![String::new()];
    for line in text.lines() {
        let begins_a_chapter = line.starts_with("# ") || line.starts_with("## ");
        if begins_a_chapter && pages.last().is_some_and(|page| !page.trim().is_empty()) {
            pages.push(String::new());
        }
        if let Some(page) = pages.last_mut() {
            page.push_str(line);
            page.push('\n');
        }
    }
    pages
}

fn cleaned(page: &str) -> String {
    page.chars().filter(|letter| !letter.is_control() || matches!(letter, '\n' | '\t')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A PDF of one line a page, as small as one can be.
    fn pdf(lines: &[&str]) -> Vec<u8> {
        let mut objects = vec!["<< /Type /Catalog /Pages 2 0 R >>".to_string()];
        let kids: Vec<String> = (0..lines.len()).map(|number| format!("{} 0 R", 4 + 2 * number)).collect();
        objects.push(format!("<< /Type /Pages /Kids [{}] /Count {} >>", kids.join(" "), lines.len()));
        objects.push("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".into());
        for (number, line) in lines.iter().enumerate() {
            let content = format!("BT /F1 12 Tf 72 720 Td ({line}) Tj ET");
            let resources = "/Resources << /Font << /F1 3 0 R >> >>";
            objects.push(format!("<< /Type /Page /Parent 2 0 R {resources} /MediaBox [0 0 612 792] /Contents {} 0 R >>", 5 + 2 * number));
            objects.push(format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()));
        }
        let mut file = b"%PDF-1.4\n".to_vec();
        let mut places = vec![];
        for (number, object) in (1..).zip(&objects) {
            places.push(file.len());
            file.extend(format!("{number} 0 obj\n{object}\nendobj\n").bytes());
        }
        let table = file.len();
        file.extend(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).bytes());
        places.iter().for_each(|place| file.extend(format!("{place:010} 00000 n \n").bytes()));
        file.extend(format!("trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n", objects.len() + 1).bytes());
        file
    }

    #[test]
    fn a_pdf_is_read_by_its_pages() {
        let pages = pages_of(&pdf(&["Grease the bearing.", "Align the shaft."])).unwrap();
        assert_eq!(pages.len(), 2);
        assert!(pages[0].contains("Grease the bearing.") && pages[1].contains("Align the shaft."), "{pages:?}");
    }

    #[test]
    fn markdown_is_read_by_its_chapters() {
        let pages = pages_of(b"# Pump\nGeneral.\n## Bearings\nGrease.\n### Amount\n5 g\n## Seals\nReplace.\n").unwrap();
        assert_eq!(pages.len(), 3);
        assert!(pages[1].contains("5 g"));
    }

    #[test]
    fn what_is_no_manual_says_why() {
        assert!(matches!(pages_of(b"%PDF-1.4 broken"), Err(BadManual::NotPdf(_))));
        assert!(matches!(pages_of(&[0xff, 0xfe, 0, 1]), Err(BadManual::NotText)));
        assert!(matches!(pages_of(b"  \n"), Err(BadManual::NoText)));
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..400), as_pdf: bool) {
            let mut file = if as_pdf { b"%PDF-1.7\n".to_vec() } else { vec![] };
            file.extend(bytes);
            drop(pages_of(&file));
        }
    }
}
