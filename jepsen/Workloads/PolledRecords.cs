using RaftLog.Checking;
using RaftLog.Client;
using RaftLog.Client.Consume;
using RaftLog.Jepsen.Recording;
using RaftLog.Protocol;

namespace RaftLog.Jepsen.Workloads;

/// <summary>Notes what a consumer was given.</summary>
internal static class PolledRecords
{
    public static void Note(Recorder recorder, FetchedRecords records, int process, HistoryFunction function)
    {
        List<PolledRecord> seen = [];
        foreach (RecordView record in records)
        {
            if (Payload.TryRead(record.Value.Span, record.Partition, out RecordValue value, out string? reason))
            {
                seen.Add(new PolledRecord(record.Offset, value, record.LeaderEpoch));
            }
            else
            {
                string what = $"{record.Partition} offset {record.Offset}: {reason}";
                recorder.Add(
                    process,
                    recorder.NewOperation(),
                    EventType.Info,
                    HistoryFunction.Corrupt,
                    entry => entry with { Note = what }
                );
            }
        }

        if (seen.Count > 0)
        {
            recorder.Add(
                process,
                recorder.NewOperation(),
                EventType.Ok,
                function,
                entry =>
                    entry with
                    {
                        Partition = records.Partition,
                        Records = seen,
                        HighWatermark = records.HighWatermark,
                        Epoch = records.Leadership == LeaderEpoch.None ? null : records.Leadership,
                    }
            );
        }
    }

    public static void NoteFailure(Recorder recorder, KafkaException failure)
    {
        HistoryFunction function = failure.Code == ErrorCode.CorruptMessage ? HistoryFunction.Corrupt : HistoryFunction.Note;
        recorder.Add(
            0,
            recorder.NewOperation(),
            EventType.Info,
            function,
            entry => entry with { Note = $"a consumer begins anew: {failure.Message}" }
        );
    }
}
