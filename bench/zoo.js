// The networks whose weights lie beside the page.

export const zoo = ["resnet8", "resnet14", "vgg-small", "mobilenet-small", "lenet-5", "lenet-300-100"];

/** The bytes of a network's weights. */
export async function weights(id) {
  const file = await fetch(`/models/${id}.safetensors`);
  if (!file.ok) throw new Error(`www/assets/models/${id}.safetensors: ${file.status}; restore it from the repository`);
  return new Uint8Array(await file.arrayBuffer());
}
