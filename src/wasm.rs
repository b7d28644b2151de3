//! Floor 6, the browser's face: a thin layer over [`crate::session::Session`]. Records cross as plain objects, bulk as typed
//! arrays. A failure is an object with kind, message, hint and, where a setting is at fault, key.

#[cfg(not(feature = "gpu"))]
use std::future::Future;
#[cfg(not(feature = "gpu"))]
use std::task::{Context, Poll, Waker};

use js_sys::{Float32Array, Object, Reflect, Uint8Array};
use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::prelude::*;

use crate::base::{Error, browser};
use crate::prune::Settings;
use crate::session::{Session, file};

type Outcome<T> = Result<T, JsValue>;

fn to_js(value: &impl Serialize) -> JsValue {
    // Maps become plain objects; a value of ours always has a form in JS.
    value.serialize(&Serializer::json_compatible()).unwrap_or(JsValue::NULL)
}

fn fail(error: Error) -> JsValue {
    to_js(&error)
}

fn settings(value: JsValue) -> Outcome<Settings> {
    serde_wasm_bindgen::from_value(value).map_err(|e| {
        fail(
            Error::setting("settings", format!("settings are not a map of texts: {e}"))
                .hint("pass an object of strings"),
        )
    })
}

/// An object from names and values.
fn object(entries: &[(&str, JsValue)]) -> JsValue {
    let out = Object::new();
    for (name, value) in entries {
        // Setting a property of a fresh plain object cannot fail.
        let _ = Reflect::set(&out, &JsValue::from_str(name), value);
    }
    out.into()
}

#[wasm_bindgen]
extern "C" {
    /// Brings the rest of an engine that comes in two files; the worker puts it there.
    #[wasm_bindgen(js_namespace = globalThis, js_name = secateurRest)]
    fn bring_rest();
}

/// What a split engine calls where a function is in the file that has not come yet; one in a single file never calls it.
#[wasm_bindgen(js_name = fetchRest)]
pub fn fetch_rest() {
    bring_rest();
}

/// Everything there is to choose from.
#[wasm_bindgen]
pub fn catalog() -> JsValue {
    to_js(&crate::catalog::catalog())
}

/// The network that a file of weights is of.
#[wasm_bindgen]
pub fn identify(file: &[u8]) -> Outcome<String> {
    file::identify(file).map(|model| model.id.into()).map_err(fail)
}

/// A file of weights in another format; nothing need be open.
#[wasm_bindgen]
pub fn convert(file: &[u8], format: &str) -> Outcome<Uint8Array> {
    file::convert(file, format).map(|bytes| Uint8Array::from(bytes.as_slice())).map_err(fail)
}

/// Turns the worker that calls it into a member of the team, for good.
#[cfg(target_feature = "atomics")]
#[wasm_bindgen(js_name = joinTeam)]
pub fn join_team() {
    crate::base::team::join();
}

/// Threads that runs can share now.
#[wasm_bindgen(js_name = teamSize)]
pub fn team_size() -> usize {
    crate::base::team::size()
}

/// A session of the workbench: one model, its data, one job at a time.
#[wasm_bindgen]
pub struct Lab(Session);

#[wasm_bindgen]
impl Lab {
    /// Nothing loaded yet.
    #[wasm_bindgen(constructor)]
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        let mut session = Session::new();
        session.environment.isolated = browser::isolated();
        session.environment.user_agent = browser::user_agent();
        session.environment.cores = if cfg!(target_feature = "atomics") { browser::cores() } else { 1 };
        Self(session)
    }

    /// Opens a model with the weights of a safetensors file, plain or compact.
    pub fn open(&mut self, model: &str, weights: &[u8]) -> Outcome<JsValue> {
        self.0.open(model, weights).map(|info| to_js(&info)).map_err(fail)
    }

    /// Takes in a split of a data set: images and labels as IDX files, or a text, without labels.
    pub fn data(&mut self, dataset: &str, split: &str, images: &[u8], labels: &[u8]) -> Outcome<JsValue> {
        let n = self.0.data(dataset, split, images, labels).map_err(fail)?;
        Ok(object(&[("n", JsValue::from(n as u32))]))
    }

    /// Checks settings.
    pub fn check(&self, given: JsValue) -> Outcome<JsValue> {
        Ok(to_js(&self.0.check(&settings(given)?)))
    }

    /// What a cut would keep, at once.
    pub fn preview(&self, given: JsValue) -> Outcome<JsValue> {
        self.0.preview(&settings(given)?).map(|p| to_js(&p)).map_err(fail)
    }

    /// Whether training images must be loaded for a run.
    pub fn needs(&self, given: JsValue) -> Outcome<JsValue> {
        let train = self.0.needs_training_images(&settings(given)?).map_err(fail)?;
        Ok(object(&[("train", JsValue::from(train))]))
    }

    /// Begins a job: `baseline` or `run`.
    pub fn start(&mut self, job: &str, given: JsValue) -> Outcome<()> {
        self.0.start(job, &settings(given)?).map_err(fail)
    }

    /// Opens the GPU, which runs may use from then on where it is faster; `name` is what people call it. Gives how that went:
    /// `open`, `refused`, or `silent` where nothing came of it in some seconds.
    #[cfg(feature = "gpu")]
    pub async fn accelerate(&mut self, name: String) -> String {
        let device = crate::gpu::Device::open().await;
        let how = match &device {
            Ok(_) => "open",
            Err(error) if error.kind == crate::base::error::ErrorKind::State => "silent",
            Err(_) => "refused",
        };
        self.0.attach(device, Some(name));
        how.into()
    }

    /// Whether the GPU was lost since it was opened: it can be asked for again.
    #[cfg(feature = "gpu")]
    #[wasm_bindgen(js_name = gpuLost)]
    pub fn gpu_lost(&self) -> bool {
        self.0.gpu_lost()
    }

    /// Works for about `ms` milliseconds; gives what happened. No other method may be called before the promise is kept.
    #[cfg(feature = "gpu")]
    pub async fn advance(&mut self, ms: f64) -> Outcome<JsValue> {
        self.0.advance(ms).await.map(|events| to_js(&events)).map_err(fail)
    }

    /// Works for about `ms` milliseconds; gives what happened. Without a GPU there is nothing to wait for, and no need for the
    /// code that can.
    #[cfg(not(feature = "gpu"))]
    pub fn advance(&mut self, ms: f64) -> Outcome<JsValue> {
        let mut work = std::pin::pin!(self.0.advance(ms));
        match work.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(events) => events.map(|events| to_js(&events)).map_err(fail),
            Poll::Pending => Err(fail(Error::state("the engine waits for something that never comes"))),
        }
    }

    /// Drops the job.
    pub fn cancel(&mut self) {
        self.0.cancel();
    }

    /// A layer before and after the last finished run.
    pub fn layer(&self, name: &str) -> Outcome<JsValue> {
        let view = self.0.layer(name).map_err(fail)?;
        Ok(object(&[
            ("shape", to_js(&view.shape)),
            ("before", Float32Array::from(view.before.as_slice()).into()),
            ("after", Float32Array::from(view.after.as_slice()).into()),
            ("mask", Uint8Array::from(view.mask.as_slice()).into()),
        ]))
    }

    /// A test image.
    pub fn image(&self, index: u32) -> Outcome<JsValue> {
        let ([height, width], pixels) = self.0.image(index as usize).map_err(fail)?;
        Ok(object(&[
            ("width", JsValue::from(width as u32)),
            ("height", JsValue::from(height as u32)),
            ("pixels", Uint8Array::from(pixels).into()),
        ]))
    }

    /// The beginning of the test text; nothing where the network reads images.
    pub fn passage(&self, characters: u32) -> Option<String> {
        self.0.passage(characters as usize)
    }

    /// What the last finished job measured, as a compact file; nothing before one has.
    pub fn file(&self) -> Option<Uint8Array> {
        self.0.file().map(Uint8Array::from)
    }

    /// Where this runs.
    pub fn environment(&self) -> JsValue {
        to_js(&self.0.environment)
    }
}
