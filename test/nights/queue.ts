import type { SQSBatchResponse } from 'aws-lambda';
import { worker } from '../../handlers/worker.ts';
import { MINUTE, SECOND } from '../../lib/core/time.ts';
import type { Message } from '../../lib/deps.ts';
import { AwsError } from '../../lib/io/aws/exchange.ts';
import type { JsonService } from '../../lib/io/aws/json.ts';
import { subjectOf } from '../support/take-up.ts';
import { type Life, living } from './machine.ts';
import type { Night } from './night.ts';
import { detourOf, when } from './people.ts';
import type { Stage } from './play.ts';
import { contextOf, runtimeOf } from './runtime.ts';

/** As the queue and its workers are configured (serverless.yml). */
export const QUEUE = { batch: 10, workers: 5, visibility: 100 * SECOND, receives: 3 };

/** What SendMessageBatch takes at most (SQS API), how often the client asks, and how long it waits for an answer. */
const MOST_ENTRIES = 10;
const TRIES = 2;
const PATIENCE = 5 * SECOND;

interface Entry {
  Id: string;
  MessageBody: string;
}

/** One copy of a message, on its way to a worker. */
interface Delivery {
  id: string;
  body: string;
  receives: number;
  receivedAt: number;
  /** Put there by somebody else: nobody can read it. */
  isStray: boolean;
}

/** SQS as the program's own client reaches it, and what begins workers with what is in it. */
export class Queue {
  readonly #night: Night;
  readonly #stage: Stage;
  readonly #handler: (event: unknown, context: ReturnType<typeof contextOf>) => Promise<SQSBatchResponse>;
  readonly #taken = new Set<string>();
  readonly #strays: { at: number; body: string }[] = [];
  readonly #aside = new Set<string>();
  readonly #ready: Delivery[] = [];
  readonly #batches = new Map<Life, Delivery[]>();
  #isAsked = false;
  #messages = 0;
  #deliveries = 0;
  #requests = 0;
  #begun = 0;

  constructor(night: Night, stage: Stage) {
    this.#night = night;
    this.#stage = stage;
    const alarm = async (error: unknown) => stage.failed(living.getStore()!, error);
    this.#handler = worker(async () => runtimeOf(night, stage, living.getStore()!), alarm);
    for (const { at, body } of night.faults('stray')) {
      when(night, at, `a stray message: ${body}`, () => {
        this.#strays.push({ at: night.timeline.now, body });
        this.#add(body, 0, true);
      });
    }
  }

  /** What the program's own client of SQS asks with: each try of a request is sent, and may be lost. */
  readonly client: JsonService = {
    call: async (_, input) => {
      const { Entries } = input as { Entries: Entry[] };
      const night = this.#night;
      if (Entries.length > MOST_ENTRIES || new Set(Entries.map(({ Id }) => Id)).size < Entries.length)
        night.judge.fail('a request is one that the queue takes', `its ids: ${Entries.map(({ Id }) => Id).join()}`);
      for (let tries = 1; ; tries++) {
        const answer = await night.effect('send', () => this.#asked(Entries));
        if (!(answer instanceof AwsError)) return answer;
        if (tries === TRIES) throw answer;
        await night.timeline.sleep(50);
      }
    },
    close() {},
  };

  /** The program goes on as if all of these had been taken. */
  sent(messages: readonly object[]): void {
    const lost = messages.map((message) => JSON.stringify(message)).find((body) => !this.#taken.has(body));
    if (lost !== undefined) this.#night.judge.fail('what the queue refuses is sent again', `${lost} was never taken`);
  }

  /** What a worker had that was killed, or failed as a whole. */
  workerDied(life: Life): void {
    this.#ended(life, null);
  }

  /** Whoever sent it, a message that nobody can read is put aside in the end, where people look. */
  lookInTheMorning(): void {
    const { timeline, judge } = this.#night;
    const longest = QUEUE.receives * QUEUE.visibility + 10 * MINUTE;
    for (const { at, body } of this.#strays)
      if (at + longest < timeline.now && !this.#aside.has(body))
        judge.fail('what nobody can read is put aside', `${body} is nowhere`);
  }

  async #asked(entries: readonly Entry[]): Promise<AwsError | Record<string, unknown>> {
    const night = this.#night;
    this.#requests += 1;
    const name = `request/${this.#requests}`;
    const trouble = night.weather('queue', name)?.trouble;
    if (trouble === 'not_taken') {
      night.note('queue', 'took nothing');
      return new AwsError('ServiceUnavailable', 'Service Unavailable', 503);
    }
    const isRefused = ({ Id }: Entry) => trouble === 'refused' && night.draw(`${name}/${Id}`) < 0.5;
    const refused = entries.filter(isRefused);
    const together = (0.1 + night.draw(name) * 2) * SECOND;
    for (const entry of entries) {
      const isTogether = night.draw(`${name}/${entry.Id}/wait`) < 0.7;
      if (!refused.includes(entry)) this.#take(entry, isTogether ? together : null);
    }
    if (refused.length > 0) night.note('queue', `refused ${refused.length} of ${entries.length}`);
    if (trouble === 'answer_lost') {
      night.note('queue', 'took all, and its answer was lost');
      night.counts.duplicates += 1;
      await night.timeline.sleep(PATIENCE);
      return new AwsError('TimeoutError', `there was no answer within ${PATIENCE} ms`, 0);
    }
    const Successful = entries.filter((entry) => !refused.includes(entry)).map(({ Id }) => ({ Id }));
    const Failed = refused.map(({ Id }) => ({ Id, SenderFault: false, Code: 'InternalError' }));
    return Failed.length > 0 ? { Successful, Failed } : { Successful };
  }

  /** `wait`: what it has in common with the others of its request; null: it goes its own way. */
  #take({ MessageBody: body }: Entry, wait: number | null): void {
    const night = this.#night;
    this.#messages += 1;
    this.#taken.add(body);
    const name = `message/${this.#messages}`;
    const trouble = night.weather('queue', name)?.trouble ?? null;
    const isMine = trouble === 'lost' || trouble === 'late' || trouble === 'doubled';
    night.note('queue', () => `${subjectOf(JSON.parse(body) as Message).slice(-20)}${isMine ? ` (${trouble})` : ''}`);
    if (trouble === 'lost') return;
    const late = trouble === 'late' ? (1 + night.draw(`${name}/late`) * 7) * MINUTE : 0;
    const due = (wait ?? (0.1 + night.draw(name) * 2) * SECOND) + late + detourOf(night, body);
    const delivery = this.#add(body, due);
    if (trouble !== 'doubled') return;
    night.counts.duplicates += 1;
    const drawn = night.draw(`${name}/again`);
    // In the same batch, or soon after; as the same message, or as another that says the same.
    const again = drawn < 0.5 ? 0 : (drawn - 0.5) * 6 * SECOND;
    if (night.draw(`${name}/same`) < 0.5) this.#add(body, due + again);
    else night.timeline.after(due + again, () => this.#arrives({ ...delivery }));
  }

  #add(body: string, wait: number, isStray = false): Delivery {
    this.#deliveries += 1;
    const delivery: Delivery = { id: `m${this.#deliveries}`, body, receives: 0, receivedAt: 0, isStray };
    this.#night.timeline.after(wait, () => this.#arrives(delivery));
    return delivery;
  }

  #arrives(delivery: Delivery): void {
    this.#ready.push(delivery);
    this.#receiveSoon(this.#night.draw(`poll/${delivery.id}`) * 400);
  }

  #receiveSoon(wait: number): void {
    if (this.#isAsked) return;
    this.#isAsked = true;
    this.#night.timeline.after(wait, () => {
      this.#isAsked = false;
      this.#receive();
    });
  }

  /** As many workers as there may be take what is there, each a batch, in whatever order it comes. */
  #receive(): void {
    const night = this.#night;
    const stall = night.faults('queue').find(({ trouble, at, lasts }) => trouble === 'stalled' && at <= night.time && night.time < at + lasts); // biome-ignore format: one thought
    if (stall) {
      this.#receiveSoon(stall.at + stall.lasts - night.time);
      return;
    }
    while (this.#ready.length > 0 && this.#batches.size < QUEUE.workers) {
      this.#begun += 1;
      const drawn = night.draw(`batch/${this.#begun}`);
      const batch = this.#ready.splice(0, drawn < 0.2 ? 1 : QUEUE.batch);
      if (drawn < 0.5) batch.reverse();
      this.#begin(batch);
    }
  }

  #begin(batch: Delivery[]): void {
    const night = this.#night;
    night.counts.works += batch.length;
    for (const delivery of batch) {
      delivery.receives += 1;
      delivery.receivedAt = night.timeline.now;
    }
    const life = this.#stage.begin('work', 1);
    this.#batches.set(life, batch);
    this.#stage.limit(life);
    const work = () => this.#handler({ Records: batch.map(recordOf) }, contextOf(night, life));
    void this.#stage.run(life, work).then((answer) => this.#ended(life, answer));
  }

  /** What is not said to be done comes again when it may be seen again, and after the last time is put aside. */
  #ended(life: Life, answer: SQSBatchResponse | null): void {
    const batch = this.#batches.get(life);
    if (!batch) return;
    this.#batches.delete(life);
    if (this.#ready.length > 0) this.#receiveSoon(0);
    const failed = new Set(answer?.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    const again = batch.filter(({ id }) => answer === null || failed.has(id));
    if (answer) this.#judgeAnswer(life, batch, again);
    const { timeline, counts } = this.#night;
    for (const delivery of again) {
      if (delivery.receives < QUEUE.receives)
        timeline.at(delivery.receivedAt + QUEUE.visibility, () => this.#arrives(delivery));
      else {
        counts.deadLetters += 1;
        this.#aside.add(delivery.body);
      }
    }
  }

  #judgeAnswer(life: Life, batch: readonly Delivery[], again: readonly Delivery[]): void {
    const { judge, rules } = this.#night;
    const strays = batch.filter(({ isStray }) => isStray);
    if (again.length < life.failures + strays.length)
      judge.fail('what failed comes again', `${life.name}: ${life.failures} failed, ${again.length} come again`);
    // A calendar is read for any.
    if (strays.length === batch.length && life.effects > 0 && rules.calendar === null)
      judge.fail('what nobody can read changes nothing', `${life.name}: ${strays[0]!.body}`);
  }
}

function recordOf({ id, body, receives }: Delivery) {
  return { messageId: id, receiptHandle: `${id}/${receives}`, body, attributes: { ApproximateReceiveCount: `${receives}` }, messageAttributes: {}, eventSource: 'aws:sqs', awsRegion: 'eu-central-1' }; // biome-ignore format: one thought
}
