/**
 * The one table, as serverless.yml and the local emulators make it. Everything is read consistently, so both indexes are
 * local: a global one may lag, and a claim that is not seen yet is a limit that does not hold. With local indexes the
 * items of one partition key may come to 10 GB, which is millions of attempts.
 *
 * | pk            | sk                 | besides                                      |
 * |---------------|--------------------|----------------------------------------------|
 * | `lease`       | `lease`            | holder, fence, leasedTo                      |
 * | `attempt`     | attempt id         | doc, rev, claimedAt, openSince?, expires?    |
 * | `hold`        | hold id            | doc                                          |
 * | `condition`   | condition key      | doc                                          |
 * | `fleet#0`…`7` | instance id        | doc                                          |
 * | `finding#…`   | instance id        | doc, readAt, expires; `…` is the scope's id  |
 * | `note`        | its name           | doc, expires?                                |
 *
 * What was written under a condition has a `mark`, which tells one write from another.
 *
 * `openSince` stands only on attempts that are not settled. So the index over it holds those alone, and one write moves
 * an attempt in or out: there are no two items that a crash could leave in disagreement.
 */
export const TABLE_SCHEMA = {
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'sk', AttributeType: 'S' },
    { AttributeName: 'claimedAt', AttributeType: 'N' },
    { AttributeName: 'openSince', AttributeType: 'N' },
  ],
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
  LocalSecondaryIndexes: [localIndex('byClaim', 'claimedAt'), localIndex('open', 'openSince')],
  BillingMode: 'PAY_PER_REQUEST',
} as const;

/** Seconds since 1970, as DynamoDB wants it: when an item may be deleted. Nothing is concluded from its absence. */
export const EXPIRES = 'expires';

function localIndex<N extends string, A extends string>(name: N, attribute: A) {
  return {
    IndexName: name,
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: attribute, KeyType: 'RANGE' },
    ],
    Projection: { ProjectionType: 'ALL' },
  } as const;
}
