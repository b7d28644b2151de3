// What this browser's WebAssembly can do.

/** (module (func (result v128) (f32x4.relaxed_madd (i32x4.splat 1) (i32x4.splat 1) (i32x4.splat 1)))) */
const PROBE = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 19, 1, 17, 0, 65, 1, 253, 17, 65, 1, 253, 17,
  65, 1, 253, 17, 253, 133, 2, 11,
]);

/** Whether multiply-adds can be fused: relaxed SIMD. */
export const fused = (): boolean => WebAssembly.validate(PROBE);
