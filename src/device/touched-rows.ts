/** How far each physical row of the KV arrays was ever written: that much of it is resident memory. */
export class TouchedRows {
  private readonly marks: Int32Array;
  /** Token rows over all physical rows. */
  total = 0;

  constructor(numRows: number) {
    this.marks = new Int32Array(numRows);
  }

  reach(row: number, length: number): void {
    const mark = this.marks[row] ?? 0;
    if (length <= mark) return;
    this.marks[row] = length;
    this.total += length - mark;
  }

  /** The arrays are new and hold only what `lengthAt` says. */
  reset(lengthAt: (row: number) => number): void {
    this.total = 0;
    for (const row of this.marks.keys()) {
      this.marks[row] = lengthAt(row);
      this.total += this.marks[row] ?? 0;
    }
  }
}
