// What an update of Telegram is to Homer: somebody's words, a pressed button, a stranger, or nothing. Pure. Who may speak is
// decided by numeric ids alone, since names change hands.

import type { Message, Update } from 'grammy/types';

export interface Person {
  readonly id: string;
  /** For people to read; proves nothing. */
  readonly name: string;
}

/** A file that came along, as Telegram names it. */
export interface Attachment {
  readonly fileId: string;
  /** As the sender calls it; not to be trusted. */
  readonly name: string;
  readonly kind: 'document' | 'photo' | 'voice' | 'audio' | 'video';
  /** Bytes, if Telegram says. */
  readonly size: number | null;
}

/** Where something was said. */
export interface Place {
  readonly chat: string;
  readonly topic: string | null;
  readonly isPrivate: boolean;
}

export interface Words extends Place {
  readonly is: 'words';
  readonly updateId: number;
  readonly messageId: string;
  readonly from: Person;
  readonly text: string;
  /** Written by somebody else: never a command. */
  readonly isForwarded: boolean;
  readonly attachments: readonly Attachment[];
}

export interface Press extends Place {
  readonly is: 'press';
  readonly updateId: number;
  readonly queryId: string;
  readonly messageId: string | null;
  /** What its message says now. */
  readonly shown: string;
  readonly from: Person;
  readonly action: string;
}

export type Incoming =
  | Words
  | Press
  | {
      readonly is: 'stranger';
      readonly chat: string;
      readonly from: Person;
      readonly text: string;
      readonly queryId: string | null;
    }
  | { readonly is: 'nothing'; readonly why: string };

export interface Doors {
  readonly mayUse: (person: string) => boolean;
  readonly mayUseGroup: (chat: string) => boolean;
}

export function readUpdate(update: Update, doors: Doors): Incoming {
  if (update.message !== undefined) return readMessage(update.update_id, update.message, doors);
  const query = update.callback_query;
  if (query === undefined) return { is: 'nothing', why: 'it is no message' };
  const { message } = query;
  const from = personOf(query.from);
  if (message === undefined) return { is: 'nothing', why: 'its message is not known' };
  const place = placeOf(message.chat, 'message_thread_id' in message ? message : {});
  if (!doors.mayUse(from.id) || !(place.isPrivate || doors.mayUseGroup(place.chat)))
    return { is: 'stranger', chat: place.chat, from, text: '', queryId: query.id };
  return {
    is: 'press',
    ...place,
    updateId: update.update_id,
    queryId: query.id,
    messageId: String(message.message_id),
    shown: 'text' in message ? (message.text ?? '') : '',
    from,
    action: query.data ?? '',
  };
}

function readMessage(updateId: number, message: Message, doors: Doors): Incoming {
  const { chat, from, sender_chat } = message;
  const place = placeOf(chat, message);
  // Posts of channels and of anonymous administrators: nobody stands behind them whom one could know.
  if (from === undefined || (sender_chat !== undefined && !place.isPrivate))
    return { is: 'nothing', why: 'it has no person as its sender' };
  const person = personOf(from);
  const text = message.text ?? message.caption ?? '';
  if (from.is_bot) return { is: 'nothing', why: 'a bot sent it' };
  if (!place.isPrivate && !doors.mayUseGroup(place.chat))
    return { is: 'nothing', why: `the group ${place.chat} is not in telegram.allow` };
  if (!doors.mayUse(person.id))
    return place.isPrivate
      ? { is: 'stranger', chat: place.chat, from: person, text, queryId: null }
      : { is: 'nothing', why: `${person.id} may not use Homer` };
  const attachments = attachmentsOf(message);
  if (text.trim() === '' && attachments.length === 0)
    return { is: 'nothing', why: 'there is nothing in it that Homer can use' };
  return {
    is: 'words',
    ...place,
    updateId,
    messageId: String(message.message_id),
    from: person,
    text,
    isForwarded: message.forward_origin !== undefined,
    attachments,
  };
}

function placeOf(
  chat: Message['chat'],
  {
    message_thread_id,
    is_topic_message,
  }: { readonly message_thread_id?: number; readonly is_topic_message?: boolean },
): Place {
  // Replies have a thread, too; only a topic is a place of its own.
  const topic =
    is_topic_message === true && message_thread_id !== undefined ? String(message_thread_id) : null;
  return { chat: String(chat.id), topic, isPrivate: chat.type === 'private' };
}

function personOf({
  id,
  first_name,
  username,
}: {
  readonly id: number;
  readonly first_name: string;
  readonly username?: string;
}): Person {
  return { id: String(id), name: username === undefined ? first_name : `${first_name} (@${username})` };
}

function attachmentsOf({ document, photo, voice, audio, video }: Message): Attachment[] {
  const found: Attachment[] = [];
  const add = (
    kind: Attachment['kind'],
    file: { readonly file_id: string; readonly file_size?: number } | undefined,
    name: string,
  ): void => {
    if (file !== undefined) found.push({ fileId: file.file_id, name, kind, size: file.file_size ?? null });
  };
  add('document', document, document?.file_name ?? 'file');
  // The last one is the largest.
  add('photo', photo?.at(-1), 'photo.jpg');
  add('voice', voice, 'voice.ogg');
  add('audio', audio, audio?.file_name ?? 'audio');
  add('video', video, video?.file_name ?? 'video.mp4');
  return found;
}
