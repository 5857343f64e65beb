//! What follows from the claims of somebody: roles, and what she is called.

use super::settings::ClaimGrant;
use millwright_domain::access::Grant;
use millwright_domain::plain::cleaned;
use serde_json::Value;

const LONGEST_NAME: usize = 100;

pub fn grants(rules: &[ClaimGrant], claims: &Value) -> Vec<Grant> {
    let holding = rules.iter().filter(|rule| found(claims, &rule.claim).is_some_and(|claim| holds(claim, &rule.value)));
    let mut grants: Vec<Grant> = holding.map(|rule| Grant { role: rule.role, site: rule.site.clone(), area: rule.area.clone() }).collect();
    grants.sort();
    grants.dedup();
    grants
}

/// In one line, without what would turn it around; `None` where there is nothing to call her by.
pub fn name(claims: &Value, claim: &str) -> Option<String> {
    let name = cleaned(found(claims, claim)?.as_str()?, LONGEST_NAME);
    (!name.is_empty()).then_some(name)
}

/// A claim of that very name comes first: names may be addresses with dots in them.
fn found<'a>(claims: &'a Value, path: &str) -> Option<&'a Value> {
    claims.get(path).or_else(|| path.split('.').try_fold(claims, |inner, part| inner.get(part)))
}

fn holds(claim: &Value, value: &str) -> bool {
    match claim {
        Value::String(text) => text == value,
        Value::Array(list) => list.iter().any(|one| one.as_str() == Some(value)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millwright_domain::access::Role;
    use serde_json::json;

    fn rule(claim: &str, value: &str, role: Role, site: Option<&str>) -> ClaimGrant {
        ClaimGrant { claim: claim.into(), value: value.into(), role, site: site.map(|site| site.parse().unwrap()), area: None }
    }
    fn roles(claims: &Value, rules: &[ClaimGrant]) -> Vec<Role> {
        grants(rules, claims).into_iter().map(|grant| grant.role).collect()
    }

    #[test]
    fn a_role_follows_from_a_value_wherever_the_provider_puts_it() {
        let keycloak = json!({ "realm_access": { "roles": ["offline_access", "shift-lead"] }, "groups": ["/plant/north"] });
        let rules = [rule("realm_access.roles", "shift-lead", Role::Operator, Some("north")), rule("groups", "/plant/north", Role::Viewer, None)];
        assert_eq!(roles(&keycloak, &rules), [Role::Viewer, Role::Operator]);
        let by_address = json!({ "https://plant.example/role": "engineer" });
        assert_eq!(roles(&by_address, &[rule("https://plant.example/role", "engineer", Role::Engineer, None)]), [Role::Engineer]);
    }

    #[test]
    fn what_is_only_alike_gives_nothing() {
        let rules = [rule("groups", "admins", Role::Admin, None)];
        for claims in [
            json!({}),
            json!({ "groups": "admins,others" }),
            json!({ "groups": ["Admins", "admins "] }),
            json!({ "groups": { "admins": true } }),
            json!({ "groups": [["admins"]] }),
            json!({ "group": ["admins"] }),
        ] {
            assert_eq!(grants(&rules, &claims), [], "{claims}");
        }
    }

    #[test]
    fn two_claims_that_say_the_same_give_one_role() {
        let rules = [rule("groups", "a", Role::Viewer, None), rule("groups", "b", Role::Viewer, None)];
        assert_eq!(grants(&rules, &json!({ "groups": ["a", "b"] })).len(), 1);
    }

    #[test]
    fn a_name_is_one_short_line_or_none() {
        let claims = json!({ "name": "Olga\n\u{202e}Petrova ", "empty": "", "number": 7 });
        assert_eq!(name(&claims, "name").as_deref(), Some("Olga Petrova"));
        assert_eq!((name(&claims, "empty"), name(&claims, "number"), name(&claims, "none")), (None, None, None));
        assert!(name(&json!({ "name": "x".repeat(500) }), "name").unwrap().chars().count() <= LONGEST_NAME + 1);
    }
}
