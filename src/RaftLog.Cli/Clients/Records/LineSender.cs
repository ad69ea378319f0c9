using RaftLog.Client;
using RaftLog.Client.Produce;
using RaftLog.Protocol;

namespace RaftLog.Cli.Clients.Records;

/// <summary>
/// Hands lines over as records, and tells of each that was not acknowledged as soon as that is known: its line, why, and what to do. The
/// others go on. It holds what <c>buffer.memory</c> holds, however long the input.
/// </summary>
/// <param name="producer">The producer.</param>
/// <param name="topic">The topic.</param>
/// <param name="errors">Where failures are told.</param>
internal sealed class LineSender(Producer producer, string topic, TextWriter errors)
{
    /// <summary>The failures that are told one by one; when a whole cluster is away, more lines say nothing more.</summary>
    public const int MostTold = 100;

    private readonly Lock _lock = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The records whose end is not known, and one for the input, which may bring more.</summary>
    private long _open = 1;
    private long _acknowledged;
    private long _failed;

    /// <summary>The records that were acknowledged so far.</summary>
    public long Acknowledged => Volatile.Read(ref _acknowledged);

    /// <summary>The records that were not.</summary>
    public long Failed => Volatile.Read(ref _failed);

    /// <summary>Hands a record over, and waits only for room.</summary>
    /// <param name="record">The record.</param>
    /// <param name="line">The number of its line.</param>
    public async ValueTask SendAsync(ProducerRecord record, long line)
    {
        Interlocked.Increment(ref _open);
        try
        {
            await producer.EnqueueAsync(topic, record, (_, failure) => Ended(line, failure), CancellationToken.None);
        }
        catch (KafkaException failure)
        {
            Ended(line, failure);
        }
    }

    /// <summary>Ends the input, and waits until each record is acknowledged or has failed.</summary>
    public Task EndAsync()
    {
        Close();
        return _ended.Task;
    }

    private void Ended(long line, Exception? failure)
    {
        if (failure is null)
        {
            Interlocked.Increment(ref _acknowledged);
        }
        else
        {
            Tell(line, failure);
        }

        Close();
    }

    private void Close()
    {
        if (Interlocked.Decrement(ref _open) == 0)
        {
            _ended.SetResult();
        }
    }

    private void Tell(long line, Exception failure)
    {
        lock (_lock)
        {
            _failed++;
            if (_failed <= MostTold)
            {
                errors.WriteLine($"line {line} was not acknowledged: {failure.Message}{Advice(failure)}");
            }

            if (_failed == MostTold)
            {
                errors.WriteLine("further lines that fail are only counted");
            }
        }
    }

    private string Advice(Exception failure) =>
        failure is not KafkaException kafka
            ? ""
            : kafka.Code switch
            {
                ErrorCode.MessageTooLarge or ErrorCode.RecordListTooLarge =>
                    "; make it shorter, or raise max.message.bytes of the topic ('raftlog config set')",
                ErrorCode.UnknownTopicOrPartition => $"; 'raftlog topic create {topic}' makes it",
                ErrorCode.NotEnoughReplicas or ErrorCode.NotEnoughReplicasAfterAppend =>
                    "; bring brokers back, or lower min.insync.replicas of the topic",
                _ when kafka.IsRetriable => "; it may have been appended: read the topic, then write it again",
                _ => "",
            };
}
