using System.Threading.Tasks.Sources;
using RaftLog.Protocol;

namespace RaftLog.Client.Produce;

/// <summary>What the producer of one record awaits. Used again once it has been awaited; one that nobody awaits goes to the garbage collector.</summary>
internal sealed class RecordCompletion(CompletionPool pool) : IValueTaskSource<ProduceResult>
{
    private ManualResetValueTaskSourceCore<ProduceResult> _core = new() { RunContinuationsAsynchronously = true };

    public ValueTask<ProduceResult> Task => new(this, _core.Version);

    public void Succeed(int partition, Offset offset) => _core.SetResult(new ProduceResult(partition, offset));

    public void Fail(KafkaException reason) => _core.SetException(reason);

    ProduceResult IValueTaskSource<ProduceResult>.GetResult(short token)
    {
        try
        {
            return _core.GetResult(token);
        }
        finally
        {
            _core.Reset();
            pool.Return(this);
        }
    }

    ValueTaskSourceStatus IValueTaskSource<ProduceResult>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<ProduceResult>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}
