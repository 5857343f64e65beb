//! What Grafana does to the SQL of a panel before Postgres sees it: intervals, chosen values, and the macros of its Postgres source.

use std::collections::BTreeMap;

/// A look at a dashboard: a span of time, the width of a point, and what is chosen.
pub struct Look {
    pub from: String,
    pub to: String,
    pub interval_s: u64,
    pub chosen: BTreeMap<String, Vec<String>>,
}

impl Look {
    pub fn expanded(&self, sql: &str) -> Result<String, String> {
        let width = self.interval_s;
        let sql = sql.replace("$__interval_ms", &(width * 1_000).to_string()).replace("$__interval", &format!("{width}s"));
        let sql = self.with_macros(&self.with_values(&sql)?)?;
        if sql.contains("${") || sql.contains("$__") { Err(format!("not everything was understood: {sql}")) } else { Ok(sql) }
    }

    /// `${name:sqlstring}` becomes the chosen values in quotes; nothing else may stand in SQL, because nothing else is quoted.
    fn with_values(&self, sql: &str) -> Result<String, String> {
        let Some((before, rest)) = sql.split_once("${") else { return Ok(sql.to_string()) };
        let (inside, after) = rest.split_once('}').ok_or("a ${ without its }")?;
        let name = inside.strip_suffix(":sqlstring").ok_or_else(|| format!("${{{inside}}} would go into SQL without quotes"))?;
        let values = self.chosen.get(name).ok_or_else(|| format!("the dashboard has no variable {name}"))?;
        let quoted: Vec<String> = values.iter().map(|value| format!("'{}'", value.replace('\'', "''"))).collect();
        Ok(format!("{before}{}{}", quoted.join(","), self.with_values(after)?))
    }

    /// As Grafana finds them: a macro's arguments end at the first closing bracket, whatever was opened before.
    fn with_macros(&self, sql: &str) -> Result<String, String> {
        let Some((before, rest)) = sql.split_once("$__") else { return Ok(sql.to_string()) };
        let (name, rest) = rest.split_once('(').ok_or("a macro without brackets")?;
        let (arguments, after) = rest.split_once(')').ok_or("a macro without its end")?;
        let arguments: Vec<&str> = arguments.split(',').map(str::trim).collect();
        let Self { from, to, .. } = self;
        let meant = match (name, &arguments[..]) {
            ("timeFilter", [column]) if !column.contains('(') => format!("{column} BETWEEN '{from}' AND '{to}'"),
            ("timeFrom", [""]) => format!("'{from}'"),
            ("timeTo", [""]) => format!("'{to}'"),
            ("timeGroup", [column, width]) if !column.contains('(') => {
                let width = seconds(width)?;
                format!("floor(extract(epoch from {column})/{width})*{width}")
            }
            _ => return Err(format!("$__{name}({}) is not known here", arguments.join(", "))),
        };
        Ok(format!("{before}{meant}{}", self.with_macros(after)?))
    }
}

/// `10s`, `'5m'`, `'1h'`.
fn seconds(width: &str) -> Result<u64, String> {
    let width = width.trim_matches('\'');
    let unit = match width.chars().last() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 3_600,
        _ => return Err(format!("{width:?} is no interval")),
    };
    width[..width.len() - 1].parse::<u64>().map(|count| count * unit).map_err(|error| format!("{width}: {error}"))
}

#[test]
fn what_is_chosen_goes_into_sql_in_quotes_and_nothing_else_does() {
    let chosen = BTreeMap::from([("site".to_string(), vec!["north".to_string(), "o'hara".to_string()])]);
    let look = Look { from: "a".into(), to: "b".into(), interval_s: 60, chosen };
    let asked = look.expanded("SELECT $__timeGroup(at, $__interval) FROM t WHERE $__timeFilter(at) AND site IN (${site:sqlstring})");
    let meant = "SELECT floor(extract(epoch from at)/60)*60 FROM t WHERE at BETWEEN 'a' AND 'b' AND site IN ('north','o''hara')";
    assert_eq!(asked.as_deref(), Ok(meant));
    for wrong in ["site = '${site}'", "IN (${asset:sqlstring})", "$__timeFilter(min(at))", "$__unixEpochFilter(at)"] {
        assert!(look.expanded(wrong).is_err(), "{wrong}");
    }
}
