using System.Globalization;
using System.Text;
using RaftLog.Client.Consume;
using RaftLog.Client.Produce;
using RaftLog.Protocol.Records;

namespace RaftLog.Client.Hosting;

/// <summary>Where a record that failed goes, and what it says there about the failure. Waits for nothing.</summary>
internal static class FailedRecord
{
    /// <summary>The headers that are written anew each time; the others stay as the first failure wrote them.</summary>
    private static readonly string[] Renewed =
    [
        FailureHeaders.ErrorType,
        FailureHeaders.ErrorMessage,
        FailureHeaders.Group,
        FailureHeaders.Attempts,
        FailureHeaders.NotBefore,
    ];

    /// <summary>The topic that a record goes to next; null where there is none.</summary>
    /// <param name="options">The topics.</param>
    /// <param name="topic">The topic that it was read from.</param>
    /// <param name="delay">How long it waits there.</param>
    public static string? NextTopic(RetryOptions options, string topic, out TimeSpan delay)
    {
        int at = 0;
        for (int i = 0; i < options.Topics.Count; i++)
        {
            at = options.Topics[i].Name == topic ? i + 1 : at;
        }

        delay = at < options.Topics.Count ? options.Topics[at].Delay : TimeSpan.Zero;
        return at < options.Topics.Count ? options.Topics[at].Name : options.DeadLetterTopic;
    }

    /// <summary>The record as it is written to that topic.</summary>
    public static ProducerRecord Describe(ConsumedRecord record, string group, Exception failure, int attempts, DateTimeOffset notBefore)
    {
        List<RecordHeader> headers = [.. record.Headers.Where(header => !Renewed.Contains(header.Key))];
        if (Text(record, FailureHeaders.OriginalTopic) is null)
        {
            headers.Add(Header(FailureHeaders.OriginalTopic, record.Partition.Topic));
            headers.Add(Header(FailureHeaders.OriginalPartition, Invariant(record.Partition.Partition)));
            headers.Add(Header(FailureHeaders.OriginalOffset, Invariant(record.Offset.Value)));
        }

        headers.Add(Header(FailureHeaders.ErrorType, failure.GetType().FullName ?? failure.GetType().Name));
        headers.Add(Header(FailureHeaders.ErrorMessage, failure.Message));
        headers.Add(Header(FailureHeaders.Group, group));
        headers.Add(Header(FailureHeaders.Attempts, Invariant(attempts)));
        headers.Add(Header(FailureHeaders.NotBefore, Invariant(notBefore.ToUnixTimeMilliseconds())));
        return new ProducerRecord(record.Key, record.Value) { Headers = headers.ToArray(), TimestampMs = record.TimestampMs };
    }

    /// <summary>How long a record has to wait before it is tried, at a time.</summary>
    public static TimeSpan WaitOf(ConsumedRecord record, DateTimeOffset now) =>
        Number(record, FailureHeaders.NotBefore) is { } notBeforeMs && notBeforeMs > now.ToUnixTimeMilliseconds()
            ? TimeSpan.FromMilliseconds(notBeforeMs - now.ToUnixTimeMilliseconds())
            : TimeSpan.Zero;

    /// <summary>How often a handler was called for it before.</summary>
    public static int AttemptsOf(ConsumedRecord record) =>
        (int)Math.Clamp(Number(record, FailureHeaders.Attempts) ?? 0, 0, int.MaxValue / 2);

    private static long? Number(ConsumedRecord record, string name) =>
        long.TryParse(Text(record, name), NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : null;

    private static string? Text(ConsumedRecord record, string name)
    {
        foreach (RecordHeader header in record.Headers)
        {
            if (header.Key == name && header.Value is { } value)
            {
                return Encoding.UTF8.GetString(value.Span);
            }
        }

        return null;
    }

    private static RecordHeader Header(string name, string value) => new(name, Encoding.UTF8.GetBytes(value));

    private static string Invariant(long number) => number.ToString(CultureInfo.InvariantCulture);
}
