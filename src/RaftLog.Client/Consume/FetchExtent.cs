using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Client.Consume;

/// <summary>The whole batches at the start of fetched bytes.</summary>
/// <param name="Bytes">Their bytes; a batch that is incomplete is not among them.</param>
/// <param name="Next">The offset behind them.</param>
/// <param name="Epochs">The leader epochs that begin in them.</param>
/// <param name="Damage">What is wrong with the bytes behind, or null.</param>
/// <param name="Count">How many records they hold, markers left out.</param>
internal readonly record struct FetchExtent(int Bytes, Offset Next, IReadOnlyList<EpochStart> Epochs, string? Damage, int Count = 0)
{
    private static readonly IReadOnlyList<EpochStart> NoEpochs = [];

    /// <summary>Reads the batches.</summary>
    /// <param name="records">What a fetch brought.</param>
    /// <param name="from">The offset that was asked for.</param>
    /// <param name="lastEpoch">The leader epoch of the record before it.</param>
    /// <param name="checkCrcs">Whether checksums are computed.</param>
    public static FetchExtent Of(ReadOnlySpan<byte> records, Offset from, LeaderEpoch lastEpoch, bool checkCrcs)
    {
        Offset next = from;
        int count = 0;
        List<EpochStart>? epochs = null;
        RecordBatches batches = new(records);
        while (batches.MoveNext())
        {
            RecordBatch batch = batches.Current;
            if (checkCrcs && !batch.HasValidChecksum)
            {
                return new FetchExtent(
                    batches.Position,
                    next,
                    epochs ?? NoEpochs,
                    $"the batch at offset {batch.BaseOffset} does not match its CRC"
                );
            }

            next = Offset.Max(next, batch.NextOffset);
            count += batch.Attributes.IsControl ? 0 : batch.RecordCount;
            if (batch.PartitionLeaderEpoch != lastEpoch)
            {
                lastEpoch = batch.PartitionLeaderEpoch;
                (epochs ??= []).Add(new EpochStart(batch.BaseOffset, lastEpoch));
            }
        }

        string? damage = batches.Status switch
        {
            BatchStatus.End => null,
            BatchStatus.Torn when batches.Position > 0 => null,
            BatchStatus.Torn => $"the batch at offset {from} came incomplete, though the first batch of a fetch always comes whole",
            var status => $"the bytes behind offset {next} are no batch ({status})",
        };
        return new FetchExtent(batches.Position, next, epochs ?? NoEpochs, damage, count);
    }
}
