//! Which operator sends to which.

use std::sync::Arc;

use super::config::AnyOperatorSection;
use super::operator::{InvalidOperator, Way};

/// The operators by their place in the list, connected.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct OperatorGraph {
    /// For each operator its id.
    pub ids: Vec<String>,
    /// For each operator and each way out of it, where that leads.
    pub targets: Vec<Vec<Vec<Target>>>,
}

/// Where entries go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// To the operator at this place.
    Operator(usize),
    /// Out of the chain.
    Out,
}

impl OperatorGraph {
    /// Connects the operators; an error comes with the place of the operator it is about.
    pub fn connect(sections: &[Arc<dyn AnyOperatorSection>]) -> Result<Self, (usize, InvalidOperator)> {
        let ids = unique_ids(sections);
        if let Some((index, id)) =
            ids.iter().enumerate().find(|(at, id)| ids.iter().take(*at).any(|b| &b == id))
        {
            let message = format!("operator with id '{id}' already exists in pipeline");
            return Err((index, InvalidOperator::at("id", message)));
        }
        let mut targets = Vec::with_capacity(sections.len());
        for (index, section) in sections.iter().enumerate() {
            let next = if index + 1 < sections.len() { Target::Operator(index + 1) } else { Target::Out };
            let ways = section.ways().into_iter().map(|way| find_targets(index, &way, next, &ids));
            targets.push(ways.collect::<Result<Vec<_>, _>>().map_err(|invalid| (index, invalid))?);
        }
        let graph = Self { ids, targets };
        match graph.find_cycle() {
            Some(cycle) => {
                let message = format!(
                    "pipeline has a circular dependency: {{\"cycles\":\"({})\"}}",
                    graph.shown(&cycle)
                );
                Err((cycle.first().copied().unwrap_or_default(), InvalidOperator::at("output", message)))
            }
            None => Ok(graph),
        }
    }

    /// Operators each of which sends to the next, and the last to the first.
    fn find_cycle(&self) -> Option<Vec<usize>> {
        let mut is_done = vec![false; self.targets.len()];
        (0..self.targets.len()).find_map(|start| self.search(start, &mut Vec::new(), &mut is_done))
    }

    fn search(&self, at: usize, path: &mut Vec<usize>, is_done: &mut [bool]) -> Option<Vec<usize>> {
        if let Some(from) = path.iter().position(|seen| *seen == at) {
            return Some(path.split_off(from));
        }
        if is_done.get(at).copied().unwrap_or(true) {
            return None;
        }
        path.push(at);
        for target in self.targets.get(at).into_iter().flatten().flatten() {
            if let Target::Operator(next) = target
                && let Some(cycle) = self.search(*next, path, is_done)
            {
                return Some(cycle);
            }
        }
        path.pop();
        if let Some(done) = is_done.get_mut(at) {
            *done = true;
        }
        None
    }

    fn shown(&self, cycle: &[usize]) -> String {
        let ids = cycle.iter().chain(cycle.first()).filter_map(|index| self.ids.get(*index));
        ids.map(String::as_str).collect::<Vec<_>>().join(" -> ")
    }
}

/// The id of each operator. An operator that is called by its type, because it has no `id` or that one,
/// gets a number where there was another before.
fn unique_ids(sections: &[Arc<dyn AnyOperatorSection>]) -> Vec<String> {
    let written = |section: &Arc<dyn AnyOperatorSection>| match section.id() {
        "" => section.type_name().to_owned(),
        id => id.to_owned(),
    };
    let mut ids: Vec<String> = sections.iter().map(written).collect();
    for (index, section) in sections.iter().enumerate() {
        let type_name = section.type_name();
        let is_first = !sections.iter().zip(&ids).take(index).any(|(_, id)| id == type_name);
        if is_first || ids.get(index).is_none_or(|id| id != type_name) {
            continue;
        }
        let mut numbered = (1..).map(|number| format!("{type_name}{number}"));
        if let Some(free) = numbered.find(|id| !ids.contains(id))
            && let Some(id) = ids.get_mut(index)
        {
            *id = free;
        }
    }
    ids
}

fn find_targets(
    from: usize,
    way: &Way,
    next: Target,
    ids: &[String],
) -> Result<Vec<Target>, InvalidOperator> {
    let outputs = match way {
        Way::Next => return Ok(vec![next]),
        Way::To(outputs) => outputs,
    };
    let from_id = ids.get(from).map_or("", String::as_str);
    let mut targets = Vec::with_capacity(outputs.len());
    for output in outputs {
        let target = ids.iter().position(|id| id == output).map(Target::Operator).ok_or_else(|| {
            let message = format!("operator '{output}' does not exist: {{\"operator_id\":\"{from_id}\"}}");
            InvalidOperator::at("output", message)
        })?;
        if targets.contains(&target) {
            let message = format!(
                "operators cannot be connected, because a connection already exists: \
                 {{\"input_operator\":\"{from_id}\",\"output_operator\":\"{output}\"}}"
            );
            return Err(InvalidOperator::at("output", message));
        }
        targets.push(target);
    }
    Ok(targets)
}
