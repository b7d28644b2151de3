//! Networks as files: as long as was told, the same on every target, and read back to the bit.

use pollster::block_on;
use secateur::base::tensor::Digest;
use secateur::base::{Flat, Result};
use secateur::graph::{Graph, Masks};
use secateur::io::{format, safetensors};
use secateur::prune::Settings;
use secateur::session::{Session, event::Event, file, record::Record};
use secateur::zoo;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::session::{open, run, settings};

/// Recipes that leave every sort of network: single weights, tiles, rows, groups, channels gone, next to nothing cut.
const RECIPES: [(&str, &str); 9] = [
    ("resnet8", "sparsity=0.9"),
    ("lenet-5", "sparsity=0.02"),
    ("lenet-300-100", "pattern=block sparsity=0.8"),
    ("resnet8", "pattern=n:m allocation=layer"),
    ("mobilenet-small", "pattern=channel criterion=l1-norm sparsity=0.5"),
    ("resnet14", "pattern=channel criterion=l1-norm sparsity=0.4"),
    ("vgg-small", "sparsity=0.995"),
    ("lenet-5", "pattern=row criterion=l2-norm allocation=layer sparsity=0.5"),
    ("vit-small", "pattern=branch sparsity=0.5"),
];

/// Those whose file is shorter than can be told before they have run.
const UNTOLD: [(&str, &str); 4] = [
    ("lenet-300-100", "recovery=none fusion=kmeans fusion.bits=3"),
    ("lenet-5", "recovery=none fusion=low-rank fusion.energy=0.7"),
    ("resnet8", "recovery=none fusion=low-rank fusion.energy=0.7"),
    ("resnet8", "runtime=fbs recovery.steps=2 training.batch=8"),
];

fn baseline(session: &mut Session) -> Result<Record> {
    session.start("baseline", &Settings::new())?;
    let mut record = None;
    loop {
        for event in block_on(session.advance(1e9))? {
            match event {
                Event::Result { record: r } => record = Some(*r),
                Event::Done => return Ok(record.expect("a result before the end")),
                _ => {}
            }
        }
    }
}

fn saved(session: &Session) -> Vec<u8> {
    session.file().expect("a finished job leaves a file").to_vec()
}

fn bits(graph: &Graph) -> Vec<(String, Vec<usize>, Vec<u32>)> {
    let row = |(_, v): (usize, &secateur::graph::Value)| {
        (v.name.clone(), v.shape.clone(), v.data.iter().flatten().map(|x| x.to_bits()).collect())
    };
    graph.parameters().map(row).collect()
}

/// The network of a file, and what else it holds.
fn read(model: &str, file: &[u8]) -> Result<(Graph, safetensors::Contents)> {
    let mut graph = zoo::find(model)?.build(9)?;
    let contents = safetensors::read(&mut graph, file)?;
    Ok((graph, contents))
}

#[wasm_bindgen_test(unsupported = test)]
fn sizes_are_those_of_files_and_were_told_before() -> Result<()> {
    for (model, text) in RECIPES {
        let text = format!("{text} recovery=none");
        let told = open(model)?.preview(&settings(&text))?;
        let (session, record) = run(model, &text)?;
        let (file, name) = (saved(&session), format!("{model} {text}"));
        assert_eq!(record.size.bytes_stored, file.len(), "{name}");
        assert_eq!(told.bytes_stored, file.len(), "{name}: the preview");
        assert_eq!((record.size.bytes_dense, told.bytes_dense), (dense(model)?, dense(model)?), "{name}");
        let kept = read(model, &file)?.0.trained_nonzero();
        assert_eq!(record.size.nonzero, kept, "{name}");
    }
    Ok(())
}

/// Length of the plain file of a network with its first weights.
fn dense(model: &str) -> Result<usize> {
    Ok(safetensors::write(&zoo::find(model)?.build(1)?, None)?.len())
}

trait Count {
    fn trained_nonzero(&self) -> usize;
}

impl Count for Graph {
    fn trained_nonzero(&self) -> usize {
        self.trained().map(|id| self.data(id).map_or(0, |data| data.iter().filter(|&&x| x != 0.0).count())).sum()
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn every_file_comes_back_to_the_bit_with_its_masks_and_its_recipe() -> Result<()> {
    let told = RECIPES.map(|(model, text)| (model, format!("{text} recovery=none")));
    for (model, text) in told.into_iter().chain(UNTOLD.map(|(model, text)| (model, text.into()))) {
        let (session, record) = run(model, &format!("{text} seed=4"))?;
        let (file, outcome) = (saved(&session), session.outcome().expect("a finished run leaves a network"));
        let (graph, contents) = read(model, &file)?;
        // Branches that are gone are in a file as parameters of which nothing is kept.
        let stored = if text.contains("branch") { &outcome.masked } else { &outcome.network };
        assert!(bits(&graph) == bits(stored), "{model} {text}: other bits, or another order");
        let slim = bits(stored) != bits(&outcome.masked);
        let cut = |masks: &Masks| -> Vec<(usize, Vec<u8>)> {
            masks.iter().filter(|(_, m)| m.contains(&0)).map(|(id, m)| (id, m.to_vec())).collect()
        };
        let want = if slim { Vec::new() } else { cut(&outcome.masks) };
        assert_eq!(cut(&contents.masks), want, "{model} {text}");
        let origin = contents.origin.expect("a run says where its network comes from");
        assert_eq!((origin.model.as_str(), &origin.recipe), (model, &record.recipe));
        assert_eq!((origin.seed.as_str(), &origin.digest), ("4", &record.digest));
        assert_eq!(file::identify(&file)?.id, model);
        // Opened and saved again, it is the same file; the plain one holds the same numbers.
        let mut again = open(model)?;
        let info = again.open(model, &file)?;
        assert_eq!(info.saved.map(|saved| saved.digest), Some(record.digest), "{model} {text}");
        crate::session::data(&mut again, model)?;
        let second = baseline(&mut again)?;
        assert_eq!(saved(&again), file, "{model} {text}");
        assert_eq!(second.accuracy.before, record.accuracy.after, "{model} {text}");
        assert_eq!(second.size.bytes_stored, file.len());
        assert_eq!(second.size.bytes_dense, file::convert(&file, "safetensors")?.len());
        assert_eq!(bits(&read(model, &file::convert(&file, "safetensors")?)?.0), bits(&graph));
        assert_eq!(file::convert(&file, "compact")?, file);
    }
    Ok(())
}

/// The same run leaves the same bytes on every target: committed.
#[wasm_bindgen_test(unsupported = test)]
fn the_same_run_leaves_the_same_file_everywhere() -> Result<()> {
    let (session, _) = run("resnet8", "sparsity=0.8 recovery.steps=4 seed=3")?;
    let file = saved(&session);
    let mut digest = Digest::default();
    file.iter().for_each(|&byte| digest.add(&[f32::from(byte)]));
    assert_eq!(
        (file.len(), digest.hex().as_str()),
        (78_368, "f7401c6e169bf30f"),
        "the file has changed: say so in docs/format.md"
    );
    Ok(())
}

#[wasm_bindgen_test(unsupported = test)]
fn the_dense_network_is_saved_as_what_it_is() -> Result<()> {
    let mut session = open("lenet-5")?;
    assert!(session.file().is_none(), "nothing was measured yet");
    let record = baseline(&mut session)?;
    let file = saved(&session);
    assert_eq!(file, safetensors::write(&zoo::find("lenet-5")?.build(1)?, None)?, "the file that was opened");
    assert_eq!(file.len(), record.size.bytes_stored);
    assert_eq!(file::identify(&file)?.id, "lenet-5", "told by its tensors alone");
    Ok(())
}

#[wasm_bindgen_test(unsupported = test)]
fn zeros_of_a_file_are_known() -> Result<()> {
    // Nine of ten weights of one layer are zero, one in a hundred of another: that may be chance.
    let mut graph = zoo::find("lenet-300-100")?.build(1)?;
    for (name, every) in [("fc1.weight", 10), ("fc2.weight", 100)] {
        let id = graph.find(name).expect("the model has it");
        let zero = |i: usize| if every == 10 { !i.is_multiple_of(10) } else { i.is_multiple_of(100) };
        graph.data_mut(id)?.flat_mut().iter_mut().enumerate().filter(|(i, _)| zero(*i)).for_each(|(_, x)| *x = 0.0);
    }
    let file = safetensors::write(&graph, None)?;
    let mut session = open("lenet-300-100")?;
    let info = session.open("lenet-300-100", &file)?;
    assert_eq!(info.nonzero, graph.trained_nonzero());
    assert!(
        info.saved.is_none() && info.notes.iter().any(|n| n.contains("211,680 of its 266,200 weights")),
        "{info:?}"
    );
    let known: Vec<(usize, usize)> =
        session.zeros().iter().map(|(id, mask)| (id, mask.iter().filter(|&&m| m == 0).count())).collect();
    assert_eq!(known, [(graph.find("fc1.weight").expect("the model has it"), 211_680)]);
    assert_eq!(session.layer("fc1")?.mask.iter().filter(|&&m| m == 0).count(), 211_680);
    crate::session::data(&mut session, "lenet-300-100")?;
    let record = baseline(&mut session)?;
    assert_eq!(record.size.nonzero, graph.trained_nonzero());
    assert!(record.size.bytes_stored < record.size.bytes_dense / 3, "{:?}", record.size);
    assert_eq!(record.size.bytes_dense, file::convert(&saved(&session), "safetensors")?.len());
    Ok(())
}

#[wasm_bindgen_test(unsupported = test)]
fn what_does_not_fit_is_refused_in_a_sentence() -> Result<()> {
    let (session, _) = run("resnet8", "pattern=channel criterion=l1-norm sparsity=0.5 recovery=none")?;
    let (slim, mut other) = (saved(&session), open("lenet-5")?);
    let error = other.open("lenet-5", &slim).expect_err("another network");
    assert!(error.message.contains("of resnet8, not of lenet-5"), "{error}");
    let mut session = open("resnet8")?;
    session.open("resnet8", &slim)?;
    for text in ["recovery=rewind", "schedule=before"] {
        let check = session.check(&settings(text));
        let error = check.errors.first().expect("there are no initial weights");
        assert!(error.message.contains("smaller than its model") && error.key.is_some(), "{text}: {error}");
    }
    assert!(session.check(&settings("sparsity=0.5")).ok);
    // One layer of it in a network that is whole: it fits neither what comes before it nor what comes after.
    let (small, _) = read("resnet8", &slim)?;
    let mut mixed = zoo::find("resnet8")?.build(1)?;
    for name in small.layers().map(|(_, id)| small.values[id].name.clone()).collect::<Vec<_>>() {
        let id = small.find(&name).expect("the model has it");
        let kept = mixed.values[id].clone();
        (mixed.values[id].data, mixed.values[id].shape) =
            (small.values[id].data.clone(), small.values[id].shape.clone());
        if small.values[id].shape != kept.shape {
            let error = read("resnet8", &safetensors::write(&mixed, None)?).expect_err(&name);
            assert!(error.hint.contains("one whole network"), "{name}: {error}");
        }
        mixed.values[id] = kept;
    }
    assert!(file::identify(b"PK\x03\x04").is_err());
    assert!(file::convert(&slim, "pt").is_err_and(|e| e.hint.contains("onnx")));
    Ok(())
}

#[wasm_bindgen_test(unsupported = test)]
fn onnx_is_shorter_where_most_is_cut_and_says_where_it_comes_from() -> Result<()> {
    let sizes = |text: &str| -> Result<_> {
        let (session, record) = run("lenet-300-100", text)?;
        let onnx = file::convert(&saved(&session), "onnx")?;
        let found = |text: &str| onnx.windows(text.len()).any(|run| run == text.as_bytes());
        assert!(found(&record.digest) && found("recipe") && found(&format!("sparsity={}", record.recipe["sparsity"])));
        Ok(onnx.len())
    };
    let (half, most) = (sizes("sparsity=0.5 recovery=none")?, sizes("sparsity=0.95 recovery=none")?);
    assert!(half > 1_000_000 && most < 200_000, "{half} and {most} bytes");
    assert!(format::ALL.iter().all(|format| format.what.ends_with('.')));
    Ok(())
}

/// Both faces hand files over as they are.
#[wasm_bindgen_test(unsupported = test)]
fn packed_images_are_read_whole_and_damage_is_named() -> Result<()> {
    let (images, labels) = crate::session::bars(100, 1);
    let mut session = open("lenet-5")?;
    let halves = |file: &[u8]| [member(&file[..60]), member(&file[60..]), vec![0]].concat();
    assert_eq!(session.data("mnist", "test", &halves(&images), &halves(&labels))?, 100);
    let mut cut = halves(&images);
    cut.truncate(cut.len() - 100);
    let error = session.data("mnist", "test", &cut, &labels).expect_err("the second member is not whole");
    assert!(error.message.contains("MNIST images: the gzip data is damaged or cut short"), "{error}");
    Ok(())
}

/// A member of a gzip file, stored as it is in blocks of 30,000 bytes.
fn member(data: &[u8]) -> Vec<u8> {
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    for block in data.chunks(30_000) {
        let length = block.len() as u16;
        out.push(0);
        out.extend([length, !length].iter().flat_map(|n| n.to_le_bytes()));
        out.extend(block);
    }
    // An empty last block.
    out.extend([1, 0, 0, 0xff, 0xff]);
    let crc = data.iter().fold(!0u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| crc >> 1 ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 })
    });
    out.extend((!crc).to_le_bytes());
    out.extend((data.len() as u32).to_le_bytes());
    out
}

#[wasm_bindgen_test(unsupported = test)]
fn a_number_of_channels_that_none_can_run_by_is_refused() -> Result<()> {
    let (session, _) = run("resnet8", "runtime=fbs recovery.steps=1 training.batch=4")?;
    let mut graph = session.outcome().expect("a network").network.clone();
    let kept = graph.find("block1_1.conv1.boost.kept").expect("it chooses");
    for k in [0.0, 17.0, 1.5, -3.0] {
        graph.data_mut(kept)?.flat_mut().fill(k);
        let error = read("resnet8", &safetensors::write(&graph, None)?).expect_err("no such number");
        assert!(error.message.contains("16 channels can run"), "{error}");
    }
    Ok(())
}
