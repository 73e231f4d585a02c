/** A Spatial Pooler and its readout, exported by fastsp @version@. Arrays may be typed or plain. */
declare namespace model {
  type Label = @label@;
  type Values = ArrayLike<number> & Iterable<number>;

  /** What became of one input. */
  interface Stages {
    /** Of each column, connected synapses that see an on-bit. */
    overlaps: Int32Array;
    boosted: Float32Array;
    /** What columns compete by. */
    inhibited: Float32Array;
    /** Active columns, ascending. */
    active: Int32Array;
  }

  const inputShape: readonly number[];
  const columnShape: readonly number[];
  /** Empty where the model has no readout. */
  const labels: readonly Label[];

  /** Input bits of an image, where the model has an encoder. */
  function encode(pixels: Values): Uint8Array;
  /** Of each segment, connected synapses that see an on-bit. */
  function overlaps(bits: Values): Int32Array;
  /** Boosted overlaps of columns, from the overlaps of segments. */
  function boosted(overlaps: Values): Float32Array;
  /** What columns compete by, from boosted overlaps. */
  function inhibited(boosted: Float32Array): Float32Array;
  /** Active columns of one input, ascending. */
  function activeColumns(bits: Values): Int32Array;
  function trace(bits: Values): Stages;
  /** The label of active columns, and the @terms@ of all labels, where there is a readout. */
  function classify(active: Values): { label: Label; @terms@: Float64Array };
}
@exports@
