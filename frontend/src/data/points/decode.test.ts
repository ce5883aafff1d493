// @vitest-environment node
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../testing/random";
import { decodePoints, MalformedPoints, type PointSeries } from "./decode";
import { encodeAnswer, encodeBody, makeSeries, type SeriesInput } from "./testing/answers";

const TWO_SERIES: SeriesInput[] = [
  { runId: "a", steps: [0, 5, 9], values: [1.5, Number.NaN, Number.NEGATIVE_INFINITY], total: 4000, damaged: 12 },
  { runId: "b", steps: [2 ** 53, 2 ** 53 + 2], values: [-0, Number.POSITIVE_INFINITY], wallTimes: [1.25, 0.5] },
];

test("every column of every series comes back as it was sent", () => {
  const [a, b] = decodePoints(encodeAnswer(TWO_SERIES));
  expect(a).toMatchObject({ runId: "a", count: 3, total: 4000, damaged: 12 });
  expect([...(a?.steps ?? [])]).toEqual([0, 5, 9]);
  expect([...(a?.values ?? [])]).toEqual([1.5, Number.NaN, Number.NEGATIVE_INFINITY]);
  expect([...(b?.steps ?? [])]).toEqual([2 ** 53, 2 ** 53 + 2]);
  expect([...(b?.wallTimes ?? [])]).toEqual([1.25, 0.5]);
  expect([...(b?.values ?? [])]).toEqual([-0, Number.POSITIVE_INFINITY]);
});

test("a series holds its own memory and none of the answer's, which others may outlive", () => {
  const body = encodeAnswer(TWO_SERIES);
  for (const { steps, wallTimes, values, count } of decodePoints(body)) {
    expect(steps.buffer).not.toBe(body);
    expect(steps.buffer.byteLength).toBe(3 * 8 * count);
    expect([wallTimes.buffer, values.buffer]).toEqual([steps.buffer, steps.buffer]);
  }
});

test("bytes laid out by hand, as the format is written down, are read", () => {
  const header =
    '{"tag":"é","series":[{"run_id":"r","count":1,"total":1,"damaged":0,"state":"","is_unchanged":false}]}';
  const [series] = decodePoints(encodeBody(header, [7, 1000.5, 0.25]));
  expect(series).toMatchObject({ runId: "r", count: 1 });
  expect([series?.steps[0], series?.wallTimes[0], series?.values[0]]).toEqual([7, 1000.5, 0.25]);
});

test("a series that is as it is known is that very series, without bytes of its own", () => {
  const [known, other] = TWO_SERIES.map(makeSeries) as [PointSeries, PointSeries];
  const inputs = [{ runId: known.runId, steps: [], values: [], isUnchanged: true }, TWO_SERIES[1] as SeriesInput];
  const decoded = decodePoints(encodeAnswer(inputs), new Map([[known.runId, known]]));
  expect(decoded[0]).toBe(known);
  expect(decoded[1]?.values).toEqual(other.values);
  expect(() => decodePoints(encodeAnswer(inputs))).toThrow("it leaves out points that were asked for");
});

test("an answer without series is empty, and so is a series without points", () => {
  expect(decodePoints(encodeAnswer([]))).toEqual([]);
  expect(decodePoints(encodeAnswer([{ runId: "a", steps: [], values: [] }]))[0]?.values).toHaveLength(0);
});

test("answers of any shape come back as they were sent", () => {
  const random = seededRandom(7);
  for (let round = 0; round < 200; round++) {
    const inputs = Array.from({ length: Math.floor(random() * 6) }, (_, i): SeriesInput => {
      const steps = Array.from({ length: Math.floor(random() * 9) }, (_, k) => k * 3);
      return {
        runId: "é".repeat(i) + i,
        steps,
        values: steps.map(() => (random() - 0.5) * 10 ** (random() * 600 - 300)),
      };
    });
    const decoded = decodePoints(encodeAnswer(inputs));
    expect(decoded.map(({ runId }) => runId)).toEqual(inputs.map(({ runId }) => runId));
    expect(decoded.map(({ steps }) => [...steps])).toEqual(inputs.map(({ steps }) => steps));
    expect(decoded.map(({ values }) => [...values])).toEqual(inputs.map(({ values }) => values));
  }
});

describe("what is not an answer is refused with a sentence", () => {
  test("cut anywhere", () => {
    const body = encodeAnswer(TWO_SERIES);
    for (let length = 0; length < body.byteLength; length++) {
      expect(() => decodePoints(body.slice(0, length))).toThrow(MalformedPoints);
    }
  });

  test("with bytes left over", () => {
    const body = encodeAnswer(TWO_SERIES);
    const longer = new Uint8Array(body.byteLength + 8);
    longer.set(new Uint8Array(body));
    expect(() => decodePoints(longer.buffer)).toThrow("its columns should have 120 bytes, 128 are there");
  });

  test.each([
    ["not JSON", "{series", "is not JSON"],
    ["null", "null", "does not list series"],
    ["without series", '{"tag":"x"}', "does not list series"],
    ["series that are no list", '{"series":{}}', "does not list series"],
    ["a series of null", '{"series":[null]}', "does not list series"],
    [
      "a run that is a number",
      '{"series":[{"run_id":1,"count":0,"total":0,"damaged":0,"state":"","is_unchanged":false}]}',
      "does not list series",
    ],
    [
      "a negative count",
      '{"series":[{"run_id":"a","count":-1,"total":0,"damaged":0,"state":"","is_unchanged":false}]}',
      "does not list series",
    ],
    [
      "a broken count",
      '{"series":[{"run_id":"a","count":0.5,"total":0,"damaged":0,"state":"","is_unchanged":false}]}',
      "does not list series",
    ],
    ["no state", '{"series":[{"run_id":"a","count":0,"total":0,"damaged":0}]}', "does not list series"],
    [
      "no total",
      '{"series":[{"run_id":"a","count":0,"damaged":0,"state":"","is_unchanged":false}]}',
      "does not list series",
    ],
    [
      "more points than bytes",
      '{"series":[{"run_id":"a","count":9007199254740991,"total":0,"damaged":0,"state":"","is_unchanged":false}]}',
      "bytes",
    ],
  ])("a header that is %s", (_, header, sentence) => {
    expect(() => decodePoints(encodeBody(header, []))).toThrow(sentence);
  });

  test("a header that is not UTF-8", () => {
    const body = encodeBody('{"series":[]}', []);
    new Uint8Array(body)[6] = 0xff;
    expect(() => decodePoints(body)).toThrow("is not JSON");
  });

  test("columns that are not aligned", () => {
    const body = new ArrayBuffer(7);
    new DataView(body).setUint32(0, 3, true);
    expect(() => decodePoints(body)).toThrow("not a multiple of 8");
  });

  test("a header longer than the body", () => {
    const body = new ArrayBuffer(16);
    new DataView(body).setUint32(0, 0xffffffff, true);
    expect(() => decodePoints(body)).toThrow("its header should have 4294967295 bytes, 12 are there");
  });
});
