/** What all events have: their number, which is the last tie-break everywhere, and their time. */
export interface NexmarkEvent {
  /** The event's number, from 0. */
  readonly n: number;
  /** Event time in milliseconds since 1970. */
  readonly dateTime: number;
}

export interface Person extends NexmarkEvent {
  readonly id: number;
  readonly name: string;
  readonly emailAddress: string;
  readonly creditCard: string;
  readonly city: string;
  readonly state: string;
  /** Padding. */
  readonly extra: string;
}

export interface Auction extends NexmarkEvent {
  readonly id: number;
  readonly itemName: string;
  readonly description: string;
  /** Cents. */
  readonly initialBid: number;
  /** Cents. */
  readonly reserve: number;
  /** Event time in milliseconds since 1970. */
  readonly expires: number;
  /** The id of a person. */
  readonly seller: number;
  readonly category: number;
  /** Padding. */
  readonly extra: string;
}

export interface Bid extends NexmarkEvent {
  /** The id of an auction. */
  readonly auction: number;
  /** The id of a person. */
  readonly bidder: number;
  /** Cents. */
  readonly price: number;
  readonly channel: string;
  readonly url: string;
  /** Padding. */
  readonly extra: string;
}
