using RaftLog.Platform.Rpc;
using RaftLog.Protocol.Messages;

namespace RaftLog.Client.Consume;

/// <summary>The frame of one fetch, shared by what each partition got of it; given back with the last.</summary>
internal sealed class FetchedFrame(RpcResult<FetchResponse> result)
{
    private int _references = 1;

    public void Retain() => Interlocked.Increment(ref _references);

    public void Release()
    {
        if (Interlocked.Decrement(ref _references) == 0)
        {
            result.Dispose();
        }
    }
}
