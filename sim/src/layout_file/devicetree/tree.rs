//! Devicetree source as a tree of nodes (Devicetree Specification, chapter 6).

use super::Problem;
use super::scan::{Scanner, is_name};

/// Nodes in each other, at most.
const NESTING: usize = 64;

/// Where a node stands in [`Tree::nodes`].
pub(super) type Index = usize;

/// All nodes of a source, in the order in which they come.
#[derive(Default)]
pub(super) struct Tree<'t> {
    nodes: Vec<Node<'t>>,
}

/// A node with its own properties.
pub(super) struct Node<'t> {
    /// Name with unit address; of a node that the source only refers to, the reference.
    pub(super) name: &'t str,
    /// Line of its first appearance.
    pub(super) line: usize,
    pub(super) labels: Vec<&'t str>,
    /// `None` for the root and for nodes that the source only refers to.
    pub(super) parent: Option<Index>,
    properties: Vec<Property<'t>>,
    deleted: bool,
}

/// A property with its value as it stands in the source.
#[derive(Clone, Copy)]
pub(super) struct Property<'t> {
    name: &'t str,
    /// What stands between the sign of equality and the semicolon; empty without value.
    pub(super) value: &'t str,
    /// Line in which the value begins.
    pub(super) line: usize,
}

impl<'t> Tree<'t> {
    /// Reads a source. Parts of a tree that it does not have, as in an overlay, are made up from
    /// their references.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line.
    pub(super) fn parse(text: &'t str) -> Result<Self, Problem> {
        let mut tree = Self::default();
        let mut scan = Scanner::new(text, 1);
        // The nodes that are open, the innermost last.
        let mut open: Vec<(Index, usize)> = Vec::new();
        loop {
            scan.pass_space()?;
            let within = open.last().map(|(node, _)| *node);
            if scan.peek().is_none() {
                return match open.last() {
                    None => Ok(tree),
                    Some((node, line)) => {
                        let name = tree.nodes[*node].name;
                        Err(Problem::at(*line, format!("the node {name:?} is not closed")))
                    }
                };
            }
            let line = scan.line();
            if scan.take("}") {
                if open.pop().is_none() {
                    return Err(Problem::at(line, "a brace closes no node"));
                }
                scan.pass_space()?;
                scan.expect(";")?;
            } else if let Some(node) = tree.statement(&mut scan, within)? {
                if open.len() == NESTING {
                    return Err(Problem::at(line, "too many nodes in each other"));
                }
                open.push((node, line));
            }
        }
    }

    /// All nodes that were not deleted.
    pub(super) fn nodes(&self) -> impl Iterator<Item = (Index, &Node<'t>)> {
        (0..self.nodes.len()).filter(|at| !self.is_deleted(*at)).map(|at| (at, &self.nodes[at]))
    }

    /// The node at an index.
    pub(super) fn node(&self, at: Index) -> &Node<'t> {
        &self.nodes[at]
    }

    fn is_deleted(&self, at: Index) -> bool {
        let node = &self.nodes[at];
        // Parents come before their children, so this ends.
        node.deleted || node.parent.is_some_and(|parent| self.is_deleted(parent))
    }

    /// A directive, a property, or the head of a node, which is returned.
    fn statement(
        &mut self,
        scan: &mut Scanner<'t>,
        within: Option<Index>,
    ) -> Result<Option<Index>, Problem> {
        let line = scan.line();
        if scan.sees("/") && !is_root(scan) {
            self.directive(scan, within)?;
            return Ok(None);
        }
        let mut labels = Vec::new();
        let name = loop {
            if scan.sees("&") || scan.sees("/") {
                break "";
            }
            let word = scan.word(is_name);
            scan.pass_space()?;
            if word.is_empty() {
                scan.expect("the name of a node or property")?;
            }
            if !scan.take(":") {
                break word;
            }
            labels.push(word);
            scan.pass_space()?;
        };
        let node = if name.is_empty() {
            self.head(scan, within)?
        } else if scan.sees("{") {
            self.child(within, name, line)
        } else {
            self.property(scan, within, name)?;
            return Ok(None);
        };
        scan.pass_space()?;
        scan.expect("{")?;
        self.nodes[node].labels.extend(labels);
        Ok(Some(node))
    }

    /// The node that `/` or a reference stands for.
    fn head(&mut self, scan: &mut Scanner<'t>, within: Option<Index>) -> Result<Index, Problem> {
        let line = scan.line();
        if within.is_some() {
            return Err(Problem::at(line, "expected a name, got the root or a reference"));
        }
        if scan.take("/") {
            return Ok(self.child(None, "/", line));
        }
        let reference = reference(scan)?;
        Ok(self.find(reference).unwrap_or_else(|| {
            let node = self.push(reference, line, None);
            if !reference.starts_with('/') {
                self.nodes[node].labels.push(reference);
            }
            node
        }))
    }

    /// The child of this name, which may be new.
    fn child(&mut self, parent: Option<Index>, name: &'t str, line: usize) -> Index {
        let same = |node: &Node<'_>| node.parent == parent && node.name == name && !node.deleted;
        self.nodes.iter().position(same).unwrap_or_else(|| self.push(name, line, parent))
    }

    fn push(&mut self, name: &'t str, line: usize, parent: Option<Index>) -> Index {
        let (labels, properties) = (Vec::new(), Vec::new());
        self.nodes.push(Node { name, line, labels, parent, properties, deleted: false });
        self.nodes.len() - 1
    }

    /// The node with this label or path.
    fn find(&self, reference: &str) -> Option<Index> {
        if !reference.starts_with('/') {
            let labelled = |(_, node): &(Index, &Node<'_>)| node.labels.contains(&reference);
            return self.nodes().find(labelled).map(|(at, _)| at);
        }
        let by_name = |parent: Option<Index>, name: &str| {
            let mut nodes = self.nodes();
            nodes.find(|(_, node)| node.parent == parent && node.name == name).map(|(at, _)| at)
        };
        let made_up = by_name(None, reference);
        let mut steps = reference.split('/').filter(|step| !step.is_empty());
        let walked = steps.try_fold(by_name(None, "/")?, |at, step| by_name(Some(at), step));
        walked.or(made_up)
    }

    fn property(
        &mut self,
        scan: &mut Scanner<'t>,
        within: Option<Index>,
        name: &'t str,
    ) -> Result<(), Problem> {
        let Some(node) = within else {
            let problem = format!("the property {name:?} stands outside of any node");
            return Err(Problem::at(scan.line(), problem));
        };
        let line = scan.line();
        let value = if scan.take("=") {
            scan.value()?
        } else {
            scan.expect(";")?;
            ""
        };
        let properties = &mut self.nodes[node].properties;
        properties.retain(|property| property.name != name);
        properties.push(Property { name, value, line });
        Ok(())
    }

    /// What begins with a word between slashes.
    fn directive(&mut self, scan: &mut Scanner<'t>, within: Option<Index>) -> Result<(), Problem> {
        let line = scan.line();
        scan.expect("/")?;
        let word = scan.word(is_name);
        scan.expect("/")?;
        scan.pass_space()?;
        match word {
            "delete-node" => {
                // What is not in this source, an overlay can delete elsewhere.
                if scan.sees("&") {
                    let reference = reference(scan)?;
                    self.delete(self.find(reference));
                } else {
                    let name = scan.word(is_name);
                    let same = |node: &Node<'_>| node.parent == within && node.name == name;
                    let node = self.nodes().find(|(_, node)| same(node)).map(|(at, _)| at);
                    self.delete(node);
                }
            }
            "delete-property" => {
                let name = scan.word(is_name);
                if let Some(node) = within {
                    self.nodes[node].properties.retain(|property| property.name != name);
                }
            }
            "dts-v1" | "plugin" => {}
            "memreserve" => {
                scan.value()?;
                return Ok(());
            }
            "include" => return scan.string().map(drop),
            "omit-if-no-ref" => return Ok(()),
            _ => return Err(Problem::at(line, format!("unknown directive /{word}/"))),
        }
        scan.pass_space()?;
        scan.expect(";")
    }

    fn delete(&mut self, node: Option<Index>) {
        if let Some(node) = node {
            self.nodes[node].deleted = true;
        }
    }
}

/// Whether the slash here is the root node, not the beginning of a directive.
fn is_root(scan: &Scanner<'_>) -> bool {
    let mut ahead = scan.clone();
    ahead.take("/");
    ahead.pass_space().is_ok() && ahead.sees("{")
}

/// A label or path behind an ampersand.
fn reference<'t>(scan: &mut Scanner<'t>) -> Result<&'t str, Problem> {
    scan.expect("&")?;
    if !scan.take("{") {
        return Ok(scan.word(is_name));
    }
    let path = scan.word(|c| c != '}');
    scan.expect("}")?;
    Ok(path)
}

impl<'t> Node<'t> {
    /// The property of this name.
    pub(super) fn property(&self, name: &str) -> Option<Property<'t>> {
        self.properties.iter().find(|property| property.name == name).copied()
    }

    /// Whether a property has this text as one of its values.
    pub(super) fn says(&self, name: &str, text: &str) -> bool {
        self.property(name).is_some_and(|property| property.texts().contains(&text))
    }
}

impl<'t> Property<'t> {
    /// The texts among its values.
    pub(super) fn texts(&self) -> Vec<&'t str> {
        let mut scan = Scanner::new(self.value, self.line);
        let mut texts = Vec::new();
        loop {
            // The value was scanned once, so there is no error to come.
            if scan.pass_space().is_err() || scan.peek().is_none() {
                return texts;
            }
            if scan.sees("\"") {
                let Ok(text) = scan.string() else { return texts };
                texts.push(text);
            } else {
                scan.skip();
            }
        }
    }
}
