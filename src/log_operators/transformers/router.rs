//! Operator `router`: sends each entry to the outputs of the first route whose expression is true.

use std::collections::BTreeMap;

use crate::config_section;
use crate::log_operators::operator::FailedEntry;
use crate::log_operators::{
    BuildContext, Condition, Fate, InvalidOperator, LogEntry, Operator, OperatorError, OperatorSection,
    Outlet, Template, Value, Way, WriterFields,
};

config_section! {
    /// Sends each entry to the outputs of the first route whose expression is true. An entry without a route is
    /// dropped.
    pub struct RouterConfig {
        /// `id`. An `output` of the router's own is refused.
        pub [flatten] writer: WriterFields = WriterFields::default(),
        /// The routes, the first one that fits is taken.
        pub routes: Vec<RouteConfig> = Vec::new(),
        /// The operators that entries without a route go to, by their ids.
        pub default: Option<Vec<String>> = None,
    }
}

config_section! {
    /// One route.
    pub struct RouteConfig {
        /// The expression that must be true.
        pub expr: String = String::new(),
        /// The operators that entries go to, by their ids. With several each gets a copy.
        pub output: Vec<String> = Vec::new(),
        /// Attributes that entries get on this route. `EXPR(...)` in a text is an expression over the entry, whose
        /// value must be a text.
        pub attributes: BTreeMap<String, String> = BTreeMap::new(),
    }
}

struct Router {
    routes: Vec<Route>,
    has_default: bool,
}

struct Route {
    condition: Condition,
    attributes: Vec<(String, Template)>,
}

impl OperatorSection for RouterConfig {
    const TYPE: &'static str = "router";

    fn writer(&self) -> &WriterFields {
        &self.writer
    }

    fn ways(&self) -> Vec<Way> {
        let outputs = self.routes.iter().map(|route| &route.output).chain(&self.default);
        outputs.map(|outputs| Way::To(outputs.clone())).collect()
    }

    fn build(&self, _context: &BuildContext) -> Result<Box<dyn Operator>, InvalidOperator> {
        if !self.writer.output.is_empty() {
            let message = "a router has no output of its own: write it under routes or as default";
            return Err(InvalidOperator::at("output", message));
        }
        let mut routes = Vec::with_capacity(self.routes.len());
        for (index, route) in self.routes.iter().enumerate() {
            let route = route.build();
            routes.push(route.map_err(|invalid| invalid.within(format!("[{index}]")).within("routes"))?);
        }
        Ok(Box::new(Router { routes, has_default: self.default.is_some() }))
    }
}

impl RouteConfig {
    fn build(&self) -> Result<Route, InvalidOperator> {
        let condition = Condition::compile(&self.expr).map_err(|error| {
            InvalidOperator::at("expr", format!("failed to compile expression '{}': {error}", self.expr))
        })?;
        let mut attributes = Vec::with_capacity(self.attributes.len());
        for (key, text) in &self.attributes {
            let template = Template::compile(text).map_err(|error| {
                let message = format!(
                    "failed to build attributer for route '{}': compile embedded expression: {error}",
                    self.expr
                );
                InvalidOperator::at(format!("[{key}]"), message).within("attributes")
            })?;
            attributes.push((key.clone(), template));
        }
        Ok(Route { condition, attributes })
    }
}

impl Route {
    fn set_attributes(&self, entry: &mut LogEntry) -> Result<(), OperatorError> {
        for (key, template) in &self.attributes {
            let text = template.render(entry)?;
            entry.attributes.insert(key.as_str(), Value::String(text.into()));
        }
        Ok(())
    }
}

impl Operator for Router {
    fn process(&mut self, entry: &mut LogEntry, outlet: &mut Outlet<'_>) -> Fate {
        let mut failed = None;
        for (way, route) in self.routes.iter().enumerate() {
            match route.condition.holds(entry) {
                Ok(false) => {}
                Err(error) => failed = Some(error),
                Ok(true) => {
                    match route.set_attributes(entry) {
                        Ok(()) => self.send(way, entry, failed, outlet),
                        Err(error) => {
                            outlet.failed(&error, FailedEntry { is_dropped: true, is_quiet: false });
                        }
                    }
                    return Fate::IsTaken;
                }
            }
        }
        self.send(self.routes.len(), entry, failed, outlet);
        Fate::IsTaken
    }
}

impl Router {
    /// Sends the entry, or drops it where there is no such way; then it matters whether a route failed.
    fn send(&self, way: usize, entry: &mut LogEntry, failed: Option<OperatorError>, outlet: &mut Outlet<'_>) {
        let is_dropped = way == self.routes.len() && !self.has_default;
        if let Some(error) = failed {
            outlet.failed(&error, FailedEntry { is_dropped, is_quiet: false });
        }
        if !is_dropped {
            outlet.send_by(way, std::mem::take(entry));
        }
    }
}
