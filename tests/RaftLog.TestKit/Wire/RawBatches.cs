using System.Text;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Records;

namespace RaftLog.TestKit;

/// <summary>Record batches for requests, with times that do not change from run to run.</summary>
public static class RawBatches
{
    /// <summary>The timestamp of the first record of each batch; each further record is a second later.</summary>
    public const long FirstTimestamp = 1_700_000_000_000;

    private const int Limit = 4 << 20;

    /// <summary>A batch of text values.</summary>
    public static byte[] Of(params string[] values) => Of(ProducerStamp.None, values);

    /// <summary>A batch of text values of a producer with an identity.</summary>
    public static byte[] Of(ProducerStamp producer, params string[] values) => Of(producer, CompressionType.None, FirstTimestamp, values);

    /// <summary>A batch of text values.</summary>
    public static byte[] Of(ProducerStamp producer, CompressionType compression, long timestamp, params string[] values)
    {
        using RecordBatchBuilder builder = new(new RecordBatchOptions(Limit, compression)) { Producer = producer };
        for (int i = 0; i < values.Length; i++)
        {
            builder.TryAppend(timestamp + (1000L * i), NullableBytes.Null, Encoding.UTF8.GetBytes(values[i]));
        }

        return builder.Seal().ToArray();
    }
}
