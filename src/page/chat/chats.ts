import { sentenceOf } from '../shared/failure.js';
import { Store } from '../shared/store.js';
import { streamAnswer } from './answer.js';
import { merged, type Versions } from './merge.js';
import { newMessage, type Conversation, type Message, type Settings } from './message.js';
import { ConversationStorage } from './storage.js';
import {
  ancestorsOf,
  newConversation,
  pathOf,
  withChange,
  withChosen,
  withMessage,
  without,
} from './tree.js';
import { NOTHING_WRITTEN, type Unsent } from './unsent.js';

/** Between two writes of a conversation, in milliseconds. */
const SAVE_EVERY_MS = 800;

/** So long something deleted can be had back. */
const OFFERED_MS = 12_000;

/** Something that was deleted, and can be had back. */
export interface Deleted {
  readonly sentence: string;
  readonly restore: () => void;
}

/** The conversations of this browser: who changes one does it here. */
export class Chats {
  /** The last used first. */
  readonly list = new Store<readonly Conversation[]>([]);
  readonly current: Store<Conversation>;
  /** By conversation. */
  readonly unsent = new Store<ReadonlyMap<string, Unsent>>(new Map());
  /** By message: what ends the answer that is made for it. */
  readonly live = new Store<ReadonlyMap<string, AbortController>>(new Map());
  /** What was deleted last, for a while; null = nothing. */
  readonly deleted = new Store<Deleted | null>(null);
  /** What happened, for who does not see it. */
  readonly news = new Store('');
  /** What went wrong with what is kept or read; empty = nothing. */
  readonly trouble = new Store('');
  readonly #storage = new ConversationStorage();
  readonly #unsaved = new Map<string, number>();
  /** By conversation: as it was when it was here as it is kept. */
  readonly #bases = new Map<string, Conversation>();
  /** False: this browser keeps nothing, which was told once. */
  #keeps = true;
  /** One write after the other. */
  #writing: Promise<void> = Promise.resolve();

  constructor() {
    this.current = new Store(newConversation(newId(), Date.now()));
    this.#storage.onChanged((id) => {
      this.#inTurn(async () => {
        this.#take(id, { base: this.#baseOf(id), kept: await this.#storage.read(id) });
      });
    });
  }

  /** Writes what is not written yet, when the page goes away. */
  flush(): void {
    for (const id of [...this.#unsaved.keys()]) this.#save(id);
  }

  async load(): Promise<void> {
    try {
      const all = (await this.#storage.readAll()).map(withoutStumps);
      for (const one of all) this.#bases.set(one.id, one);
      this.list.set(all);
    } catch (error) {
      this.#keeps = false;
      this.trouble.set(`Conversations are not kept in this browser: ${sentenceOf(error)}`);
    }
  }

  /** An empty one, with the settings of the last. */
  begin(): void {
    this.current.set(newConversation(newId(), Date.now(), this.current.value.settings));
  }

  open(id: string): void {
    const found = this.list.value.find((one) => one.id === id);
    if (found !== undefined) this.current.set(found);
  }

  delete(id: string): void {
    const gone = this.#find(id);
    for (const message of Object.keys(gone?.messages ?? {})) this.stop(message);
    this.#drop(id);
    this.#inTurn(async () => {
      await this.#storage.change(id, () => null);
      this.#bases.delete(id);
    });
    if (gone !== undefined) this.#offerBack('The conversation was deleted.', gone);
  }

  /** Those that are here already are replaced. */
  add(conversations: readonly Conversation[]): void {
    for (const given of conversations) {
      const one = given.id === '' ? { ...given, id: newId() } : given;
      const others = this.list.value.filter(({ id }) => id !== one.id);
      this.list.set([...others, one].sort((a, b) => b.updatedAt - a.updatedAt));
      if (this.current.value.id === one.id) this.current.set(one);
      this.#save(one.id);
    }
  }

  /** Nothing = it stays as it is. */
  rename(id: string, title: string): void {
    const name = title.trim();
    if (name === '') return;
    this.#change(id, (one) => ({ ...one, title: name }));
    this.#save(id);
  }

  set(settings: Settings): void {
    const { id } = this.current.value;
    if (this.#find(id) === undefined) this.current.update((one) => ({ ...one, settings }));
    else this.#change(id, (one) => ({ ...one, settings }));
  }

  /** Changes what is written in a conversation and not sent yet. */
  write(id: string, change: (before: Unsent) => Unsent): void {
    this.unsent.update((all) => new Map([...all, [id, change(all.get(id) ?? NOTHING_WRITTEN)]]));
  }

  /** Says something at the end of what is shown, and has it answered. */
  say(content: string, model: string): void {
    const parent = pathOf(this.current.value).at(-1)?.id ?? null;
    this.#ask(newMessage({ id: newId(), parent, role: 'user', content, at: Date.now() }), model);
  }

  /** The same question in other words: a branch beside it. */
  edit(id: string, content: string, model: string): void {
    const old = this.current.value.messages[id];
    if (old === undefined) return;
    this.#ask(newMessage({ ...old, id: newId(), content, at: Date.now() }), model);
  }

  /** What the tools gave for an answer's calls, by call. */
  answerCalls(id: string, results: ReadonlyMap<string, string>, model: string): void {
    let parent = id;
    for (const [toolCallId, content] of results) {
      const message = newMessage({
        id: newId(),
        parent,
        role: 'tool',
        content,
        toolCallId,
        at: Date.now(),
      });
      this.#change(this.current.value.id, (one) => withMessage(one, message));
      parent = message.id;
    }
    this.#answer(parent, model);
  }

  /** Another answer beside this one. */
  regenerate(id: string, model: string): void {
    const parent = this.current.value.messages[id]?.parent;
    if (typeof parent === 'string') this.#answer(parent, model);
  }

  choose(id: string): void {
    this.#change(this.current.value.id, (one) => withChosen(one, id));
  }

  deleteMessage(id: string): void {
    this.stop(id);
    const before = this.current.value;
    this.#change(before.id, (one) => without(one, id));
    this.#save(before.id);
    this.#offerBack('The message was deleted, with all below it.', before);
  }

  stop(id: string): void {
    this.live.value.get(id)?.abort();
  }

  #offerBack(sentence: string, before: Conversation): void {
    const deleted: Deleted = {
      sentence,
      restore: () => {
        this.deleted.set(null);
        this.add([withoutStumps(before)]);
        this.open(before.id);
      },
    };
    this.deleted.set(deleted);
    setTimeout(() => {
      this.deleted.update((now) => (now === deleted ? null : now));
    }, OFFERED_MS);
  }

  #ask(question: Message, model: string): void {
    this.#change(this.current.value.id, (one) => withMessage(one, question));
    this.#answer(question.id, model);
  }

  #answer(parent: string, model: string): void {
    const { id } = this.current.value;
    const message = newMessage({ id: newId(), parent, role: 'assistant', at: Date.now() });
    this.#change(id, (one) => withMessage(one, message));
    // What was said is kept at once, and what is answered as it comes.
    this.#save(id);
    void this.#stream(id, message.id, model);
  }

  async #stream(conversation: string, id: string, model: string): Promise<void> {
    const before = this.#find(conversation);
    if (before === undefined) return;
    const abort = new AbortController();
    this.live.update((live) => new Map([...live, [id, abort]]));
    this.news.set('The model is answering.');
    const { settings } = before;
    const messages = ancestorsOf(before, id);
    await streamAnswer({ model, settings, messages }, abort.signal, (change) => {
      this.#change(conversation, (one) => withChange(one, id, change));
    });
    this.live.update((live) => new Map([...live].filter(([name]) => name !== id)));
    this.#save(conversation);
    const { content = '', error = null } = this.#find(conversation)?.messages[id] ?? {};
    this.news.set(error ?? `The answer: ${content}`);
  }

  #find(id: string): Conversation | undefined {
    const { value } = this.current;
    return this.list.value.find((one) => one.id === id) ?? (value.id === id ? value : undefined);
  }

  #change(id: string, change: (conversation: Conversation) => Conversation): void {
    const before = this.#find(id);
    if (before === undefined) return;
    const after = change(before);
    this.#show(after);
    this.#saveSoon(id);
  }

  #show(after: Conversation): void {
    const others = this.list.value.filter(({ id }) => id !== after.id);
    this.list.set([...others, after].sort((a, b) => b.updatedAt - a.updatedAt));
    if (this.current.value.id === after.id) this.current.set(after);
  }

  #drop(id: string): void {
    this.list.update((list) => list.filter((one) => one.id !== id));
    clearTimeout(this.#unsaved.get(id));
    this.#unsaved.delete(id);
    if (this.current.value.id === id) this.begin();
  }

  #saveSoon(id: string): void {
    if (this.#unsaved.has(id)) return;
    const timer = setTimeout(() => {
      this.#save(id);
    }, SAVE_EVERY_MS);
    this.#unsaved.set(id, timer);
  }

  #save(id: string): void {
    clearTimeout(this.#unsaved.get(id));
    this.#unsaved.delete(id);
    this.#inTurn(async () => {
      const mine = this.#find(id);
      if (mine === undefined) return;
      const base = this.#baseOf(id);
      const kept = await this.#storage.change(id, (now) => merged({ base, mine, kept: now }));
      this.#take(id, { base: mine, kept });
    });
  }

  #baseOf(id: string): Conversation | null {
    return this.#bases.get(id) ?? null;
  }

  /** What is kept has come here, beside what has changed here since `base`. */
  #take(id: string, { base, kept }: Pick<Versions, 'base' | 'kept'>): void {
    if (kept === null) this.#bases.delete(id);
    else this.#bases.set(id, kept);
    const mine = this.#find(id) ?? null;
    const next = merged({ base, mine, kept });
    if (next === null) this.#drop(id);
    else if (next !== mine) this.#show(next);
  }

  #inTurn(write: () => Promise<void>): void {
    if (!this.#keeps) return;
    this.#writing = this.#writing.then(write).catch((error: unknown) => {
      this.trouble.set(`This conversation was not kept: ${sentenceOf(error)}`);
    });
  }
}

/** Answers that were being made when the page went away. */
function withoutStumps(conversation: Conversation): Conversation {
  const messages = Object.entries(conversation.messages).map(([id, message]) => [
    id,
    message.finish === null ? { ...message, finish: 'abort' } : message,
  ]);
  return { ...conversation, messages: Object.fromEntries(messages) as Conversation['messages'] };
}

function newId(): string {
  return crypto
    .getRandomValues(new Uint32Array(4))
    .reduce((id, word) => id + word.toString(36), '');
}
