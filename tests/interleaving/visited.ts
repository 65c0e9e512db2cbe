/**
 * The states that were seen, by 64-bit hash, each with the number of schedules that lead on from it.
 * Two states in 10^8 collide with a chance of about 3 in 10^4.
 */
export class Visited {
  count = 0;
  private capacity = 1 << 16;
  private lows = new Int32Array(this.capacity);
  private highs = new Int32Array(this.capacity);
  private schedules = new Float64Array(this.capacity);

  /** How many schedules lead on from a state; −1 when it was not seen yet. */
  find(low: number, high: number): number {
    const place = this.placeOf(low, high);
    return this.isFree(place) ? -1 : this.schedules[place];
  }

  put(low: number, high: number, schedules: number): void {
    const place = this.placeOf(low, high);
    if (this.isFree(place)) {
      this.lows[place] = low;
      this.highs[place] = high || 1;
      this.count++;
    }
    this.schedules[place] = schedules;
    if (this.count * 2 > this.capacity) this.grow();
  }

  private isFree(place: number): boolean {
    return this.lows[place] === 0 && this.highs[place] === 0;
  }

  private placeOf(low: number, high: number): number {
    const mask = this.capacity - 1;
    const kept = high || 1;
    let place = (low ^ Math.imul(kept, 0x9e3779b1)) & mask;
    while (!this.isFree(place) && (this.lows[place] !== low || this.highs[place] !== kept)) {
      place = (place + 1) & mask;
    }
    return place;
  }

  private grow(): void {
    const { lows, highs, schedules, capacity } = this;
    this.capacity = capacity * 2;
    this.lows = new Int32Array(this.capacity);
    this.highs = new Int32Array(this.capacity);
    this.schedules = new Float64Array(this.capacity);
    this.count = 0;
    for (let place = 0; place < capacity; place++) {
      if (lows[place] !== 0 || highs[place] !== 0) {
        this.put(lows[place], highs[place], schedules[place]);
      }
    }
  }
}
