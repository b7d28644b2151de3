//! A GPU through wgpu: WebGPU in a browser, Vulkan elsewhere. Nothing else in the crate names wgpu.
//!
//! Every kernel has the same five buffers and one block of parameters, so one layout serves them all.

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};

use bytemuck::Pod;

use crate::base::{Error, Result};

use super::answer::Answer;
use super::patience::{ANSWER, OPEN, within};

/// Numbers of a kernel's parameters, at most.
pub const PARAMS: usize = 20;
/// Workgroups along one axis that every GPU allows.
const MOST: u32 = 65_535;

/// What is said of a GPU that says nothing.
const SILENT: &str = "it no longer answers";

/// What is used where a GPU has it.
const EXTRAS: wgpu::Features = wgpu::Features::TIMESTAMP_QUERY.union(wgpu::Features::SHADER_F16);

/// An opened GPU; clones are the same one.
#[derive(Clone, Debug)]
pub struct Device {
    device: wgpu::Device,
    queue: wgpu::Queue,
    layout: wgpu::BindGroupLayout,
    pipelines: wgpu::PipelineLayout,
    /// Kernels compiled so far, by their text.
    kernels: Rc<RefCell<Vec<(String, Kernel)>>>,
    /// Those of which the GPU has not said yet whether it takes them.
    unsure: Verdicts,
    lost: Arc<OnceLock<String>>,
    name: String,
}

/// Kernels that the GPU is still asked about.
#[derive(Clone, Default)]
struct Verdicts(Rc<RefCell<Vec<Unsure>>>);

struct Unsure {
    name: String,
    wgsl: String,
    verdict: Pin<Box<dyn Future<Output = Option<wgpu::Error>>>>,
}

impl fmt::Debug for Verdicts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.borrow().iter().map(|unsure| &unsure.name)).finish()
    }
}

/// Memory on the GPU.
#[derive(Clone, Debug)]
pub struct DeviceBuffer(wgpu::Buffer);

/// A compiled kernel.
#[derive(Clone, Debug)]
pub struct Kernel(wgpu::ComputePipeline);

/// A kernel with what it works on.
#[derive(Clone, Debug)]
pub struct Call {
    kernel: Kernel,
    bind: wgpu::BindGroup,
    groups: [u32; 2],
}

/// What a kernel reads and writes. Inputs it does not have may be any buffer but its output.
#[derive(Clone, Copy, Debug)]
pub struct Wires<'a> {
    /// Binding 0: read.
    pub x: &'a DeviceBuffer,
    /// Binding 1: written.
    pub y: &'a DeviceBuffer,
    /// Binding 2: read.
    pub aside: &'a DeviceBuffer,
    /// Binding 3: whole numbers, read.
    pub table: &'a DeviceBuffer,
    /// Binding 4: read.
    pub weights: &'a DeviceBuffer,
}

impl Device {
    /// Opens the fastest GPU there is, and has it answer once.
    ///
    /// # Errors
    /// When there is none, it refuses, or nothing comes of it in some seconds.
    pub async fn open() -> Result<Self> {
        within(OPEN, async {
            let device = Self::request().await?;
            device.read::<u32>(&[], &device.room(1)?, 1).await?;
            Ok(device)
        })
        .await
        .unwrap_or_else(|| {
            Err(Error::state("no GPU: it was asked for and did not answer in time")
                .hint("everything runs on the processor without one; close other pages that use the GPU, or restart the browser"))
        })
    }

    async fn request() -> Result<Self> {
        let none = |why: String| {
            Error::unsupported(format!("no GPU: {why}")).hint("everything runs on the processor without one")
        };
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
        let options = wgpu::RequestAdapterOptions {
            power_preference: wgpu::PowerPreference::HighPerformance,
            ..Default::default()
        };
        let adapter = instance.request_adapter(&options).await.map_err(|error| none(error.to_string()))?;
        let wanted = wgpu::DeviceDescriptor {
            label: Some("secateur"),
            required_features: adapter.features() & EXTRAS,
            required_limits: adapter.limits(),
            ..Default::default()
        };
        let (device, queue) = adapter.request_device(&wanted).await.map_err(|error| none(error.to_string()))?;
        // The first reason is the one to tell; what comes after it follows from it.
        let lost = Arc::new(OnceLock::new());
        let note = Arc::clone(&lost);
        device.set_device_lost_callback(move |reason, message| {
            let _ = note.set(format!("{reason:?}: {message}"));
        });
        let note = Arc::clone(&lost);
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
            let _ = note.set(error.to_string());
        }));
        let entries: Vec<wgpu::BindGroupLayoutEntry> = (0..=5)
            .map(|binding| wgpu::BindGroupLayoutEntry {
                binding,
                visibility: wgpu::ShaderStages::COMPUTE,
                ty: wgpu::BindingType::Buffer {
                    ty: match binding {
                        1 => wgpu::BufferBindingType::Storage { read_only: false },
                        5 => wgpu::BufferBindingType::Uniform,
                        _ => wgpu::BufferBindingType::Storage { read_only: true },
                    },
                    has_dynamic_offset: false,
                    min_binding_size: None,
                },
                count: None,
            })
            .collect();
        let layout =
            device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: None, entries: &entries });
        let pipelines = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: None,
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        });
        let name = adapter.get_info().name;
        Ok(Self { device, queue, layout, pipelines, kernels: Rc::default(), unsure: Verdicts::default(), lost, name })
    }

    /// Its name for itself.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether kernels may work on numbers of two bytes.
    pub fn half(&self) -> bool {
        self.device.features().contains(wgpu::Features::SHADER_F16)
    }

    /// Whether it has a clock of its own: see [`Self::timed`].
    pub fn clock(&self) -> bool {
        self.device.features().contains(wgpu::Features::TIMESTAMP_QUERY)
    }

    /// Room for some numbers of four bytes, all zero.
    ///
    /// # Errors
    /// When the GPU takes no buffer of that size.
    pub fn room(&self, numbers: usize) -> Result<DeviceBuffer> {
        let (size, most) = (4 * numbers.max(1) as u64, self.device.limits().max_storage_buffer_binding_size);
        if size > most {
            return Err(Error::unsupported(format!("a layer needs {size} bytes and the GPU gives {most}"))
                .hint("ask for a smaller batch"));
        }
        let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::COPY_SRC;
        Ok(DeviceBuffer(self.buffer(size, usage)))
    }

    /// Room that holds numbers already.
    ///
    /// # Errors
    /// As for [`Self::room`].
    pub fn hold<T: Pod>(&self, numbers: &[T]) -> Result<DeviceBuffer> {
        let memory = self.room(numbers.len())?;
        self.write(&memory, numbers);
        Ok(memory)
    }

    /// Writes numbers to the start of a room.
    pub fn write<T: Pod>(&self, to: &DeviceBuffer, numbers: &[T]) {
        self.queue.write_buffer(&to.0, 0, bytemuck::cast_slice(numbers));
    }

    /// A kernel from WGSL whose entry is `main`, compiled once for each text. Whether the GPU takes it, [`Self::settled`]
    /// tells: to wait for each one would cost a way to the GPU and back.
    pub fn kernel(&self, name: &str, wgsl: String) -> Kernel {
        if let Some((_, kernel)) = self.kernels.borrow().iter().find(|(text, _)| *text == wgsl) {
            return kernel.clone();
        }
        let scope = self.device.push_error_scope(wgpu::ErrorFilter::Validation);
        let module = self.device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some(name),
            source: wgpu::ShaderSource::Wgsl(wgsl.as_str().into()),
        });
        let pipeline = self.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(name),
            layout: Some(&self.pipelines),
            module: &module,
            entry_point: Some("main"),
            compilation_options: Default::default(),
            cache: None,
        });
        let verdict = Box::pin(scope.pop());
        self.unsure.0.borrow_mut().push(Unsure { name: name.into(), wgsl: wgsl.clone(), verdict });
        let kernel = Kernel(pipeline);
        self.kernels.borrow_mut().push((wgsl, kernel.clone()));
        kernel
    }

    /// Waits until it is clear that all kernels made so far can be run.
    ///
    /// # Errors
    /// With the compiler's words when one does not compile.
    pub async fn settled(&self) -> Result<()> {
        let unsure = self.unsure.0.take();
        let mut first = Ok(());
        for Unsure { name, wgsl, verdict } in unsure {
            let Some(verdict) = within(ANSWER, verdict).await else {
                return first.and(Err(self.failed(SILENT)));
            };
            if let Some(error) = verdict {
                self.kernels.borrow_mut().retain(|(text, _)| *text != wgsl);
                let refused = Error::unsupported(format!("the GPU does not take kernel {name}: {error}"));
                first = first.and(Err(refused.hint("everything runs on the processor without")));
            }
        }
        first
    }

    /// A kernel with its buffers and parameters, to be run over some workgroups.
    ///
    /// # Errors
    /// When there are more workgroups than a GPU takes.
    pub fn call(&self, kernel: &Kernel, wires: Wires, params: &[u32], groups: [usize; 2]) -> Result<Call> {
        let groups = groups.map(|n| u32::try_from(n).unwrap_or(u32::MAX));
        if groups.iter().any(|&n| n > MOST) {
            return Err(Error::unsupported(format!("{groups:?} workgroups are more than a GPU takes"))
                .hint("ask for a smaller batch"));
        }
        let mut block = [0u32; PARAMS];
        block[..params.len()].copy_from_slice(params);
        let uniform = self.buffer(4 * PARAMS as u64, wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST);
        self.queue.write_buffer(&uniform, 0, bytemuck::cast_slice(&block));
        let buffers = [&wires.x.0, &wires.y.0, &wires.aside.0, &wires.table.0, &wires.weights.0, &uniform];
        let entries: Vec<wgpu::BindGroupEntry> = (0..)
            .zip(buffers)
            .map(|(binding, buffer)| wgpu::BindGroupEntry { binding, resource: buffer.as_entire_binding() })
            .collect();
        let bind = self.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &self.layout,
            entries: &entries,
        });
        Ok(Call { kernel: kernel.clone(), bind, groups })
    }

    /// Runs calls one after the other, in one submission, and reads the first numbers of a room.
    ///
    /// # Errors
    /// When the GPU is lost, or has no memory left.
    pub async fn run(&self, calls: &[Call], from: &DeviceBuffer, numbers: usize) -> Result<Vec<f32>> {
        self.read(calls, from, numbers).await
    }

    /// Runs calls as [`Self::run`] does and reads nothing; what goes wrong, the next read tells.
    pub fn start(&self, calls: &[Call]) {
        let encoder = self.device.create_command_encoder(&Default::default());
        self.queue.submit([pass(encoder, calls, None).finish()]);
    }

    /// [`Self::run`] for numbers of another sort, of four bytes each.
    ///
    /// # Errors
    /// As for [`Self::run`].
    pub async fn read<T: Pod>(&self, calls: &[Call], from: &DeviceBuffer, numbers: usize) -> Result<Vec<T>> {
        let encoder = self.device.create_command_encoder(&Default::default());
        let bytes = self.submit(pass(encoder, calls, None), &from.0, size_of::<T>() * numbers).await?;
        Ok(cast(&bytes))
    }

    /// Milliseconds that calls take on the GPU, by its own clock: without launch, upload and readback. `None` where it has no
    /// such clock, or one that did not move.
    ///
    /// # Errors
    /// When the GPU is lost, or has no memory left.
    pub async fn timed(&self, calls: &[Call]) -> Result<Option<f64>> {
        if !self.clock() {
            return Ok(None);
        }
        let queries = wgpu::QuerySetDescriptor { label: None, ty: wgpu::QueryType::Timestamp, count: 2 };
        let queries = self.device.create_query_set(&queries);
        let resolved = self.buffer(16, wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC);
        let encoder = self.device.create_command_encoder(&Default::default());
        let mut encoder = pass(encoder, calls, Some(&queries));
        encoder.resolve_query_set(&queries, 0..2, &resolved, 0);
        let stamps: Vec<u64> = cast(&self.submit(encoder, &resolved, 16).await?);
        let ns = f64::from(self.queue.get_timestamp_period());
        Ok(match stamps[..] {
            [begin, end] if end > begin => Some((end - begin) as f64 * ns * 1e-6),
            _ => None,
        })
    }

    /// A buffer of some bytes.
    fn buffer(&self, size: u64, usage: wgpu::BufferUsages) -> wgpu::Buffer {
        self.device.create_buffer(&wgpu::BufferDescriptor { label: None, size, usage, mapped_at_creation: false })
    }

    /// Submits what is encoded, and reads the first bytes of a buffer after it.
    async fn submit(&self, mut encoder: wgpu::CommandEncoder, from: &wgpu::Buffer, bytes: usize) -> Result<Vec<u8>> {
        if let Some(why) = self.lost.get() {
            return Err(self.failed(why));
        }
        let scope = self.device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let size = bytes as u64;
        let staging = self.buffer(size, wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST);
        encoder.copy_buffer_to_buffer(from, 0, &staging, 0, size);
        self.queue.submit([encoder.finish()]);
        let mapped = Answer::default();
        let answer = mapped.clone();
        staging.map_async(wgpu::MapMode::Read, .., move |done| answer.give(done.map_err(|error| error.to_string())));
        // Natively nobody else drives the device; in a browser this does nothing, and the browser does.
        let polled = self.device.poll(wgpu::PollType::wait_indefinitely());
        let mapped = within(ANSWER, mapped).await.ok_or_else(|| self.failed(SILENT))?;
        let done = mapped.and_then(|()| polled.map(drop).map_err(|error| error.to_string()));
        if let Some(why) = self.lost.get() {
            return Err(self.failed(why));
        }
        let refused = within(ANSWER, scope.pop()).await.ok_or_else(|| self.failed(SILENT))?;
        if let Some(error) = refused {
            return Err(self.failed(&error.to_string()));
        }
        done.map_err(|why| self.failed(&why))?;
        let bytes = staging.get_mapped_range(..).map_err(|error| self.failed(&error.to_string()))?;
        Ok(bytes.to_vec())
    }

    /// What the GPU said, as one sentence without its end: browsers name no GPU, and end what they say as they like.
    fn failed(&self, why: &str) -> Error {
        let name = if self.name.is_empty() { String::new() } else { format!(" ({})", self.name) };
        let why = why.trim().trim_end_matches(['.', ' ']);
        Error::state(format!("the GPU{name} failed: {why}")).hint("the processor can do all that it does")
    }

    /// Gives the GPU up; whatever is asked of it from now on fails.
    pub fn destroy(&self) {
        self.device.destroy();
        let _ = self.lost.set("it was given up".into());
    }
}

/// Numbers of some bytes.
fn cast<T: Pod>(bytes: &[u8]) -> Vec<T> {
    bytes.chunks_exact(size_of::<T>()).map(bytemuck::pod_read_unaligned).collect()
}

/// Calls one after the other, between two time stamps where there is somewhere to put them.
fn pass(mut encoder: wgpu::CommandEncoder, calls: &[Call], stamps: Option<&wgpu::QuerySet>) -> wgpu::CommandEncoder {
    let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
        label: None,
        timestamp_writes: stamps.map(|query_set| wgpu::ComputePassTimestampWrites {
            query_set,
            beginning_of_pass_write_index: Some(0),
            end_of_pass_write_index: Some(1),
        }),
    });
    for call in calls {
        pass.set_pipeline(&call.kernel.0);
        pass.set_bind_group(0, &call.bind, &[]);
        pass.dispatch_workgroups(call.groups[0], call.groups[1], 1);
    }
    drop(pass);
    encoder
}
