import { type EpochMs, SECOND } from './time.ts';

/** What a calendar program shows as one entry. */
export interface CalendarEvent {
  /** The same for the same event whenever the calendar is made, so that a program that reads it again knows it. */
  uid: string;
  from: EpochMs;
  to: EpochMs;
  summary: string;
  description: string;
}

/** An iCalendar document (RFC 5545). `stamp`: when it is made. Events do not show their reader as busy. */
export function icalendarText(name: string, events: readonly CalendarEvent[], stamp: EpochMs): string {
  const lines = [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//dcs-upgrader//windows//EN',
    'CALSCALE:GREGORIAN',
    'METHOD:PUBLISH',
    `X-WR-CALNAME:${escaped(name)}`,
    ...events.flatMap((event) => eventLines(event, stamp)),
    'END:VCALENDAR',
  ];
  return lines.map((line) => `${folded(line)}\r\n`).join('');
}

function eventLines({ uid, from, to, summary, description }: CalendarEvent, stamp: EpochMs): string[] {
  return [
    'BEGIN:VEVENT',
    `UID:${escaped(uid)}`,
    `DTSTAMP:${utc(stamp)}`,
    `DTSTART:${utc(from)}`,
    `DTEND:${utc(to)}`,
    `SUMMARY:${escaped(summary)}`,
    `DESCRIPTION:${escaped(description)}`,
    'TRANSP:TRANSPARENT',
    'END:VEVENT',
  ];
}

/** `20261124T170000Z`; the format has no fractions of a second. */
function utc(at: EpochMs): string {
  return new Date(Math.floor(at / SECOND) * SECOND).toISOString().replace(/[-:]|\.000/g, '');
}

/** RFC 5545, 3.3.11. */
function escaped(text: string): string {
  return text.replace(/[\\;,]/g, (sign) => `\\${sign}`).replace(/\r\n|[\r\n]/g, '\\n');
}

/** RFC 5545, 3.1: no line has more than 75 octets, and what goes on begins with a space. */
function folded(line: string): string {
  const parts: string[] = [];
  let part = '';
  let size = 0;
  for (const char of line) {
    const octets = new TextEncoder().encode(char).length;
    if (size + octets > LONGEST_LINE) {
      parts.push(part);
      [part, size] = [' ', 1];
    }
    part += char;
    size += octets;
  }
  return [...parts, part].join('\r\n');
}

const LONGEST_LINE = 75;
