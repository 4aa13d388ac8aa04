//! Devicetree source: finding the partitions of the flash in it (Zephyr `fixed-partitions`,
//! `fixed-subpartitions` and `zephyr,mapped-partition` bindings).

mod cells;
mod scan;
mod tree;

use super::{Partitions, Problem};
use flash_model::Area;
use tree::{Index, Node, Tree};

/// Node label and `label` property of a partition (Zephyr `doc/services/storage/flash_map`).
type Name = (&'static str, &'static str);

const BOOT: Name = ("boot_partition", "mcuboot");
const SLOTS: [Name; 2] = [("slot0_partition", "image-0"), ("slot1_partition", "image-1")];
const SCRATCH: Name = ("scratch_partition", "image-scratch");
const STORAGE: Name = ("storage_partition", "storage");

/// Reads the partitions of a source.
pub(super) fn read(text: &str) -> Result<Partitions, Problem> {
    let tree = Tree::parse(text)?;
    let table = Table { tree: &tree };
    let primary = table.find(SLOTS[0])?.ok_or_else(|| missing(SLOTS[0]))?;
    let flash = table.flash(primary);
    let area = |name| match table.find(name)? {
        None => Ok(None),
        Some(at) => table.area_on(flash, at, name).map(Some),
    };
    let slot = |name| area(name)?.ok_or_else(|| missing(name));
    Ok(Partitions {
        boot: area(BOOT)?,
        slots: [slot(SLOTS[0])?, slot(SLOTS[1])?],
        scratch: area(SCRATCH)?,
        storage: area(STORAGE)?,
    })
}

fn missing((node, label): Name) -> Problem {
    Problem::whole(format!(
        "no partition {node} (label {label:?}); the zephyr.dts of a build has all partitions"
    ))
}

struct Table<'a, 't> {
    tree: &'a Tree<'t>,
}

impl<'t> Table<'_, 't> {
    /// The partition with this node label, or else with this `label`.
    fn find(&self, (node, label): Name) -> Result<Option<Index>, Problem> {
        let by_node = self.only(node, |_, found| found.labels.contains(&node))?;
        if by_node.is_some() {
            return Ok(by_node);
        }
        self.only(label, |at, found| found.says("label", label) && self.is_partition(at))
    }

    /// The one node with a `reg` that is as asked for.
    fn only(
        &self,
        what: &str,
        fits: impl Fn(Index, &Node<'t>) -> bool,
    ) -> Result<Option<Index>, Problem> {
        let usable =
            |node: &Node<'_>| node.property("reg").is_some() && !node.says("status", "disabled");
        let mut found = self.tree.nodes().filter(|(at, node)| usable(node) && fits(*at, node));
        let Some((first, node)) = found.next() else { return Ok(None) };
        match found.next() {
            None => Ok(Some(first)),
            Some((_, second)) => {
                let problem = format!("{what} is here and in line {} too", node.line);
                Err(Problem::at(second.line, problem))
            }
        }
    }

    fn is_partition(&self, at: Index) -> bool {
        let node = self.tree.node(at);
        let in_table = node.parent.map(|parent| self.tree.node(parent)).is_some_and(|parent| {
            parent.name == "partitions"
                || parent.says("compatible", "fixed-partitions")
                || parent.says("compatible", "fixed-subpartitions")
        });
        in_table || node.says("compatible", "zephyr,mapped-partition")
    }

    /// The partition's place, which must be in this flash as far as the source tells.
    fn area_on(&self, flash: Option<Index>, at: Index, name: Name) -> Result<Area, Problem> {
        let (own, line) = (self.flash(at), self.tree.node(at).line);
        if let (Some(flash), Some(own)) = (flash, own)
            && flash != own
        {
            let [flash, own] = [flash, own].map(|at| self.tree.node(at).name);
            let problem = format!(
                "{} lies in {own}, not in {flash} as {}: only partitions in one flash are simulated",
                name.0, SLOTS[0].0
            );
            return Err(Problem::at(line, problem));
        }
        let (start, len) = self.place(at)?;
        if start.checked_add(len).is_none() {
            return Err(Problem::at(line, format!("{} ends behind 4 GiB", name.0)));
        }
        Ok(Area::new(start, len))
    }

    /// The node that holds a partition's table; `None` where the source only refers to it.
    fn flash(&self, at: Index) -> Option<Index> {
        let table = self.tree.node(at).parent?;
        if self.tree.node(table).says("compatible", "fixed-subpartitions") {
            return self.flash(table);
        }
        self.tree.node(table).parent
    }

    /// Start and length from `reg`; those of a part of a partition count from its start.
    fn place(&self, at: Index) -> Result<(u32, u32), Problem> {
        let node = self.tree.node(at);
        let Some(reg) = node.property("reg") else {
            return Err(Problem::at(node.line, format!("{}: no property reg", node.name)));
        };
        let cells = cells::cells(reg.value, reg.line)?;
        let parent = node.parent;
        let address_cells = self.count(parent, "#address-cells")?;
        let size_cells = self.count(parent, "#size-cells")?;
        if cells.len() != address_cells + size_cells {
            let problem = format!(
                "reg: expected {address_cells} cells of address and {size_cells} of size, got {}",
                cells.len()
            );
            return Err(Problem::at(reg.line, problem));
        }
        let (address, size) = cells.split_at(address_cells);
        let number = |cells: &[u32]| match cells {
            [0, low] | [low] => Ok(*low),
            _ => Err(Problem::at(reg.line, "reg: expected numbers below 4 GiB")),
        };
        let (start, len) = (number(address)?, number(size)?);
        let within = parent
            .filter(|parent| self.tree.node(*parent).says("compatible", "fixed-subpartitions"));
        let Some(within) = within else { return Ok((start, len)) };
        let (base, _) = self.place(within)?;
        let start = base.checked_add(start);
        let start = start.ok_or_else(|| Problem::at(reg.line, "reg: it starts behind 4 GiB"))?;
        Ok((start, len))
    }

    /// How many cells a number has below a node: one, unless the node says two.
    fn count(&self, parent: Option<Index>, name: &str) -> Result<usize, Problem> {
        let property = parent.and_then(|parent| self.tree.node(parent).property(name));
        let Some(property) = property else { return Ok(1) };
        match cells::cells(property.value, property.line)?[..] {
            [count @ (1 | 2)] => Ok(count as usize),
            _ => Err(Problem::at(property.line, format!("{name}: expected <1> or <2>"))),
        }
    }
}
