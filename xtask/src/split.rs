//! An engine in two files: what opens and times a network, and the rest, which a page fetches once somebody needs it.
//!
//! Functions move, and nothing else does. Where the first file calls one that moved, or has it in its table, a door stands in
//! its place: it has the page bring the rest if that is not there yet, and calls on through the table. The rest imports memory,
//! globals and what else it calls from the first file, and puts its functions into the table when it starts.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use walrus::ir::{self, Visitor};
use walrus::{
    ConstExpr, ElementItems, ElementKind, ExportItem, Function, FunctionBuilder, FunctionId, FunctionKind, GlobalId,
    GlobalKind, ImportKind, ImportedFunction, LocalFunction, Module, ModuleConfig, TableId, ValType,
};

use crate::sh::Result;

/// The names of the two files.
pub const FIRST: &str = "secateur_bg.wasm";
pub const REST: &str = "secateur_rest.wasm";

/// By parts of their names, the functions that the page can be seen without: what a run needs, saves or surveys. What only these
/// call goes with them.
const LATER: &[&str] = &[
    "secateur::train::",
    "secateur::io::onnx::",
    "secateur::io::codes::",
    "secateur::io::huffman::",
    "secateur::io::safetensors::write",
    "secateur::kernel::int8::",
    "secateur::compile::quantize::",
    "secateur::prune::probe::",
    "secateur::prune::gather::",
    "secateur::prune::hook::",
    "secateur::prune::phase::",
    "secateur::prune::products::",
    "secateur::prune::regrow::",
    "secateur::prune::search::",
    "secateur::prune::solver::",
    "secateur::session::survey::",
    "secateur::session::compute::",
    "secateur::graph::factor::",
    "secateur::graph::boosted::",
    "secateur::compile::boosted::",
    "secateur::kernel::block::Blocks::choose",
    "secateur::session::job::images::",
    "secateur::session::job::writing::",
    "secateur::data::text::",
    "secateur::session::verdict::chance",
    "secateur::session::verdict::missed",
    "secateur::session::verdict::notes",
    "secateur::session::verdict::per_image",
    "secateur::session::verdict::verdict",
    "secateur::session::verdict::chosen",
    "secateur::session::verdict::two",
    "graph::op::mul::",
    "graph::op::softmax::",
    "secateur::zoo::vit::",
    "secateur::zoo::chars::",
    "secateur::kernel::pool::bytes",
    "graph::op::attention::",
    "graph::op::layer_norm::",
    "graph::op::token_mean::",
    "graph::op::tokens::",
    "graph::op::avg_pool::",
    "graph::op::concat::",
    "graph::op::reshape::",
    "graph::op::dropout::",
    "graph::op::boost::",
    "graph::op::abs_mean::",
    "graph::op::embedding::",
    "secateur::gpu::learn::",
    "graph::op::Op>::backward",
    "graph::op::Op>::tangent",
];

/// And what stays of them: what a form asks of a part, what tells how long a file will be, and what frees memory.
const STAYS: &[&str] = &[
    "drop_in_place",
    "::clash",
    "::fits",
    "Phase>::stage",
    "train::eval::",
    "compute::Sharing::",
    "io::codes::",
    "io::huffman::bits",
    "io::huffman::lengths",
];

/// A function of so many instructions stays: a door in its place would save next to nothing, and what a part says of itself is
/// asked for by every form.
const SMALL: u64 = 60;

/// What the engine exports for the doors: it has the page bring the rest.
const FETCH: &str = "fetchRest";
/// What the rest imports from, and the name there of the table.
const FROM: &str = "first";
const TABLE: &str = "table";

/// Splits the engine of a folder into another, or the same. It must still have the names of its functions; neither part has.
pub fn split(from: &Path, to: &Path) -> Result {
    let path = from.join(FIRST);
    let whole = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let [first, rest] = parts(&whole).map_err(|error| format!("{}: {error}", path.display()))?;
    for (name, bytes) in [(REST, rest), (FIRST, first)] {
        fs::write(to.join(name), bytes).map_err(|error| format!("{name}: {error}"))?;
    }
    Ok(())
}

/// What tells one file from another.
pub fn digest(bytes: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

fn parts(whole: &[u8]) -> Result<[Vec<u8>; 2]> {
    let parse = || {
        let mut config = ModuleConfig::new();
        config.generate_name_section(false).generate_producers_section(false);
        config.parse(whole).map_err(|error| error.to_string())
    };
    let (mut first, mut rest) = (parse()?, parse()?);
    let cut = Cut::new(&first, format!("here{}", digest(whole)))?;
    keep(&mut first, &cut)?;
    take(&mut rest, &cut)?;
    Ok([first.emit_wasm(), rest.emit_wasm()])
}

/// Which functions go where, and what the rest needs of the first file. All by their places, which are the same in both modules.
struct Cut {
    /// The functions that move and are called by one that stays, or lie in the table: these get a slot each.
    doors: BTreeSet<usize>,
    /// What those that move use of those that stay.
    uses: Uses,
    /// The table's first slot that is free.
    free: u64,
    /// The name of the global that says whether the rest has come. No two builds have the same: a first file that a browser kept
    /// from yesterday refuses the rest of today.
    here: String,
}

impl Cut {
    fn new(module: &Module, here: String) -> Result<Self> {
        let uses: BTreeMap<usize, Uses> =
            module.funcs.iter_local().map(|(id, function)| (id.index(), Uses::of(function))).collect();
        let calls = |id: usize| uses.get(&id).into_iter().flat_map(|uses| uses.functions.iter().copied());
        let comes_later = |function: &Function| {
            let name = without_hashes(function.name.as_deref().unwrap_or_default());
            let FunctionKind::Local(local) = &function.kind else { return false };
            let any = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
            local.size() > SMALL && any(LATER) && !any(STAYS)
        };
        let moves: BTreeSet<usize> = module.funcs.iter().filter(|f| comes_later(f)).map(|f| f.id().index()).collect();
        let roots = roots(module);
        // What can be reached without passing a function that moves stays.
        let mut stay = BTreeSet::new();
        let mut next: Vec<usize> = roots.iter().copied().filter(|id| !moves.contains(id)).collect();
        while let Some(id) = next.pop() {
            if stay.insert(id) {
                next.extend(calls(id).filter(|id| !moves.contains(id)));
            }
        }
        let later: BTreeSet<usize> = uses.keys().copied().filter(|id| !stay.contains(id)).collect();
        if moves.is_empty() {
            return Err("no function's name tells that it comes later: were the names taken out?".into());
        }
        let called = stay.iter().flat_map(|id| calls(*id)).chain(roots.iter().copied());
        let doors = called.filter(|id| later.contains(id)).collect();
        let mut needed = Uses::default();
        uses.into_iter().filter(|(id, _)| later.contains(id)).for_each(|(_, uses)| needed.add(uses));
        needed.functions.retain(|id| !later.contains(id));
        let free = module.tables.get(table(module)?).initial;
        Ok(Self { doors, uses: needed, free, here })
    }

    /// Makes room for the doors' functions in the table.
    fn widen(&self, module: &mut Module) -> Result<TableId> {
        let id = table(module)?;
        let table = module.tables.get_mut(id);
        table.initial += self.doors.len() as u64;
        table.maximum = table.maximum.map(|most| most.max(table.initial));
        Ok(id)
    }
}

/// A name without the hashes that one of the two ways to write names has behind those of crates: `secateur[5c930c85a12de822]`.
fn without_hashes(name: &str) -> String {
    let mut parts = name.split('[');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        // Behind anything but a name a bracket is that of a slice, [f32] too.
        let behind_name = out.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        match part.split_once(']') {
            Some((hash, rest)) if behind_name && hash.bytes().all(|b| b.is_ascii_hexdigit()) => out += rest,
            _ => out.extend(["[", part]),
        }
    }
    out
}

/// What must be there whoever calls: what is exported, imported or lies in the table, and what runs at the start.
fn roots(module: &Module) -> BTreeSet<usize> {
    let mut roots: BTreeSet<usize> = module.start.iter().map(|id| id.index()).collect();
    for export in module.exports.iter() {
        if let ExportItem::Function(id) = export.item {
            roots.insert(id.index());
        }
    }
    for segment in module.elements.iter() {
        match &segment.items {
            ElementItems::Functions(ids) => roots.extend(ids.iter().map(|id| id.index())),
            ElementItems::Expressions(_, items) => roots.extend(items.iter().filter_map(|item| match item {
                ConstExpr::RefFunc(id) => Some(id.index()),
                _ => None,
            })),
        }
    }
    roots
}

/// The table of functions.
fn table(module: &Module) -> Result<TableId> {
    let table = module.tables.main_function_table().map_err(|error| error.to_string())?;
    table.ok_or_else(|| "it has no table of functions".into())
}

/// Makes a module the first file: doors in place of what moved, and exports of all that the rest needs.
fn keep(first: &mut Module, cut: &Cut) -> Result {
    let fetch = first.exports.get_func(FETCH).map_err(|_| format!("it exports no {FETCH}"))?;
    let table = cut.widen(first)?;
    let here = first.globals.add_local(ValType::I32, true, false, ConstExpr::Value(ir::Value::I32(0)));
    let memory = first.get_memory_id().map_err(|error| error.to_string())?;
    let mut exports: Vec<(String, ExportItem)> = vec![(TABLE.into(), table.into()), (cut.here.clone(), here.into())];
    let has = |name: &str| first.exports.iter().any(|export| export.name == name);
    exports.extend((!has("memory")).then(|| ("memory".into(), memory.into())));
    let uses = &cut.uses;
    exports.extend(functions(first, &uses.functions).map(|id| (format!("f{}", id.index()), id.into())));
    exports.extend(globals(first, uses).map(|id| (format!("g{}", id.index()), id.into())));
    exports.extend(tables(first, uses, table).map(|id| (format!("t{}", id.index()), id.into())));
    for (name, item) in exports {
        first.exports.add(&name, item);
    }
    let doors: Vec<FunctionId> = functions(first, &cut.doors).collect();
    for (slot, id) in (cut.free..).zip(doors) {
        let ty = first.funcs.get(id).ty();
        let (params, results) = (first.types.get(ty).params().to_vec(), first.types.get(ty).results().to_vec());
        let args: Vec<_> = params.iter().map(|ty| first.locals.add(*ty)).collect();
        let mut door = FunctionBuilder::new(&mut first.types, &params, &results);
        let mut body = door.func_body();
        let bring = |then: &mut walrus::InstrSeqBuilder<'_>| {
            then.call(fetch);
        };
        body.global_get(here).unop(ir::UnaryOp::I32Eqz).if_else(None, bring, |_| {});
        for arg in &args {
            body.local_get(*arg);
        }
        body.i32_const(i32::try_from(slot).map_err(|error| error.to_string())?).call_indirect(ty, table);
        first.funcs.get_mut(id).kind = FunctionKind::Local(door.local_func(args));
    }
    // What only moved functions call goes: nothing names it any more.
    walrus::passes::gc::run(first);
    Ok(())
}

/// Makes a module the rest: what moved, over imports of all else, in the table from the first free slot on.
fn take(rest: &mut Module, cut: &Cut) -> Result {
    let memory = rest.get_memory_id().map_err(|error| error.to_string())?;
    empty(rest);
    let table = cut.widen(rest)?;
    rest.memories.get_mut(memory).import = Some(rest.imports.add(FROM, "memory", ImportKind::Memory(memory)));
    rest.tables.get_mut(table).import = Some(rest.imports.add(FROM, TABLE, ImportKind::Table(table)));
    let ids: Vec<FunctionId> = functions(rest, &cut.uses.functions).collect();
    for id in ids {
        let import = rest.imports.add(FROM, &format!("f{}", id.index()), ImportKind::Function(id));
        let function = rest.funcs.get_mut(id);
        function.kind = FunctionKind::Import(ImportedFunction { import, ty: function.ty() });
    }
    let ids: Vec<GlobalId> = globals(rest, &cut.uses).collect();
    for id in ids {
        let import = rest.imports.add(FROM, &format!("g{}", id.index()), ImportKind::Global(id));
        rest.globals.get_mut(id).kind = GlobalKind::Import(import);
    }
    let ids: Vec<TableId> = tables(rest, &cut.uses, table).collect();
    for id in ids {
        let import = rest.imports.add(FROM, &format!("t{}", id.index()), ImportKind::Table(id));
        rest.tables.get_mut(id).import = Some(import);
    }
    let doors = functions(rest, &cut.doors).collect();
    let offset = ConstExpr::Value(ir::Value::I32(i32::try_from(cut.free).map_err(|error| error.to_string())?));
    let segment = rest.elements.add(ElementKind::Active { table, offset }, ElementItems::Functions(doors));
    rest.tables.get_mut(table).elem_segments.insert(segment);
    let (here, _) = rest.add_import_global(FROM, &cut.here, ValType::I32, true, false);
    let mut begin = FunctionBuilder::new(&mut rest.types, &[], &[]);
    begin.func_body().i32_const(1).global_set(here);
    rest.start = Some(begin.finish(Vec::new(), &mut rest.funcs));
    walrus::passes::gc::run(rest);
    Ok(())
}

/// Takes out all that the first file has and does: exports, imports, data, and what fills the table.
fn empty(module: &mut Module) {
    let exports: Vec<_> = module.exports.iter().map(|export| export.id()).collect();
    exports.into_iter().for_each(|id| module.exports.delete(id));
    let imports: Vec<_> = module.imports.iter().map(|import| import.id()).collect();
    imports.into_iter().for_each(|id| module.imports.delete(id));
    module.tables.iter_mut().for_each(|table| table.elem_segments.clear());
    let segments: Vec<_> = module.elements.iter().map(|segment| segment.id()).collect();
    segments.into_iter().for_each(|id| module.elements.delete(id));
    module.memories.iter_mut().for_each(|memory| memory.data_segments.clear());
    let data: Vec<_> = module.data.iter().map(|data| data.id()).collect();
    data.into_iter().for_each(|id| module.data.delete(id));
}

fn functions<'a>(module: &'a Module, places: &'a BTreeSet<usize>) -> impl Iterator<Item = FunctionId> + 'a {
    module.funcs.iter().map(Function::id).filter(|id| places.contains(&id.index()))
}

fn globals<'a>(module: &'a Module, uses: &'a Uses) -> impl Iterator<Item = GlobalId> + 'a {
    module.globals.iter().map(|global| global.id()).filter(|id| uses.globals.contains(&id.index()))
}

/// But for the table of functions, which the rest always has.
fn tables<'a>(module: &'a Module, uses: &'a Uses, but: TableId) -> impl Iterator<Item = TableId> + 'a {
    module.tables.iter().map(|table| table.id()).filter(move |id| *id != but && uses.tables.contains(&id.index()))
}

/// What a function names, by its place in the module.
#[derive(Default)]
struct Uses {
    functions: BTreeSet<usize>,
    globals: BTreeSet<usize>,
    tables: BTreeSet<usize>,
}

impl Uses {
    fn of(function: &LocalFunction) -> Self {
        let mut uses = Self::default();
        ir::dfs_in_order(&mut uses, function, function.entry_block());
        uses
    }

    fn add(&mut self, other: Self) {
        self.functions.extend(other.functions);
        self.globals.extend(other.globals);
        self.tables.extend(other.tables);
    }
}

impl Visitor<'_> for Uses {
    fn visit_function_id(&mut self, id: &FunctionId) {
        self.functions.insert(id.index());
    }

    fn visit_global_id(&mut self, id: &GlobalId) {
        self.globals.insert(id.index());
    }

    fn visit_table_id(&mut self, id: &TableId) {
        self.tables.insert(id.index());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A function that has its argument doubled as often as makes it long, and gives what another makes of that.
    fn long(module: &mut Module, name: &str, then: FunctionId) -> FunctionId {
        let mut builder = FunctionBuilder::new(&mut module.types, &[ValType::I32], &[ValType::I32]);
        let arg = module.locals.add(ValType::I32);
        let mut body = builder.name(name.into()).func_body();
        body.local_get(arg);
        for _ in 0..SMALL {
            body.i32_const(2).binop(ir::BinaryOp::I32Mul);
        }
        body.call(then);
        builder.finish(vec![arg], &mut module.funcs)
    }

    /// `open` calls what comes later; a function that no other calls lies in the table; both call one that is exported.
    fn engine() -> Module {
        let mut module = Module::default();
        let ty = module.types.add(&[ValType::I32], &[ValType::I32]);
        let (log, _) = module.add_import_func("js", "log", ty);
        let memory = module.memories.add_local(false, false, 1, None, None);
        module.exports.add("memory", memory);
        let mut fetch = FunctionBuilder::new(&mut module.types, &[], &[]);
        fetch.func_body().i32_const(0).call(log).drop();
        let fetch = fetch.finish(Vec::new(), &mut module.funcs);
        module.exports.add(FETCH, fetch);
        let shared = long(&mut module, "secateur::graph::shared", log);
        module.exports.add("shared", shared);
        let inner = long(&mut module, "core::only_for_training", shared);
        let train = long(&mut module, "secateur::train::step", inner);
        let held = long(&mut module, "<A as secateur::graph::op::Op>::backward", shared);
        let open = long(&mut module, "secateur::session::open", train);
        module.exports.add("open", open);
        let table = module.tables.add_local(false, 1, Some(1), walrus::RefType::FUNCREF);
        let kind = ElementKind::Active { table, offset: ConstExpr::Value(ir::Value::I32(0)) };
        let segment = module.elements.add(kind, ElementItems::Functions(vec![held]));
        module.tables.get_mut(table).elem_segments.insert(segment);
        module
    }

    #[test]
    fn what_comes_later_moves_with_what_only_it_calls() -> Result {
        let [first, rest] = parts(&engine().emit_wasm())?;
        let read = |bytes: &[u8]| Module::from_buffer(bytes).map_err(|error| error.to_string());
        let (first, rest) = (read(&first)?, read(&rest)?);
        let long = |module: &Module| module.funcs.iter_local().filter(|(_, f)| f.size() > SMALL).count();
        assert_eq!((long(&first), long(&rest)), (2, 3), "open and shared stay");
        let free = first.tables.get(table(&first)?);
        assert_eq!((free.initial, free.maximum), (3, Some(3)), "a slot for each of two doors");
        let names: BTreeSet<&str> = first.exports.iter().map(|export| export.name.as_str()).collect();
        for import in rest.imports.iter() {
            assert!(import.module == FROM && names.contains(import.name.as_str()), "{}", import.name);
        }
        let filled: Vec<usize> = rest
            .elements
            .iter()
            .map(|segment| match &segment.items {
                ElementItems::Functions(ids) => ids.len(),
                ElementItems::Expressions(..) => 0,
            })
            .collect();
        assert_eq!((filled, rest.exports.iter().count(), rest.data.iter().count()), (vec![2], 0, 0));
        Ok(())
    }

    #[test]
    fn the_rest_of_another_build_is_refused() -> Result {
        let mut other = engine();
        other.memories.iter_mut().for_each(|memory| memory.initial += 1);
        let [first, _] = parts(&engine().emit_wasm())?;
        let [_, rest] = parts(&other.emit_wasm())?;
        let read = |bytes: &[u8]| Module::from_buffer(bytes).map_err(|error| error.to_string());
        let (first, rest) = (read(&first)?, read(&rest)?);
        let given = |import: &walrus::Import| first.exports.iter().any(|export| export.name == import.name);
        assert_eq!(rest.imports.iter().filter(|import| !given(import)).count(), 1, "one name is of the build alone");
        Ok(())
    }

    #[test]
    fn names_are_read_in_both_spellings() {
        assert_eq!(
            without_hashes("<secateur[c5930c85a12de8]::a::B as core[c5930c85a12de822]::C>::d"),
            "<secateur::a::B as core::C>::d"
        );
        assert_eq!(without_hashes("core::slice::<[f32]>::sort"), "core::slice::<[f32]>::sort");
    }

    #[test]
    fn an_engine_without_names_is_refused() -> Result {
        let mut module = engine();
        module.funcs.iter_mut().for_each(|function| function.name = None);
        assert!(parts(&module.emit_wasm()).is_err_and(|error| error.contains("names")));
        Ok(())
    }
}
