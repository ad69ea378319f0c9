using RaftLog.Platform.Buffers;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Wire;

namespace RaftLog.Platform.Rpc;

/// <summary>One request on its way. All fields are written under the channel's lock, or before it is queued.</summary>
internal sealed class RpcCall(ApiKey api, short version, bool hasResponse, WireWriter request)
{
    public ApiKey Api { get; } = api;

    public short Version { get; } = version;

    /// <summary>False for a request that the peer never answers (Produce with acks=0): it ends when it is sent.</summary>
    public bool HasResponse { get; } = hasResponse;

    public WireWriter Request { get; } = request;

    public int CorrelationId { get; set; }

    /// <summary>What the caller awaits; set once.</summary>
    public Wait Wait { get; set; }

    /// <summary>What a call that was given up while it was being sent awaits: that its memory is free again.</summary>
    public Wait Released { get; set; }

    /// <summary>True while the connection may read the request's memory: until then the call must not end.</summary>
    public bool IsSending { get; set; }

    /// <summary>True when nobody waits for the response any more: it is dropped when it comes.</summary>
    public bool IsAbandoned { get; set; }

    /// <summary>True when the caller goes on inside the loop that receives; set before the call is queued.</summary>
    public bool ContinuesHere { get; set; }

    public PooledBuffer? Response { get; set; }

    public RpcOutcome Outcome { get; set; } = RpcOutcome.Responded;

    public string Reason { get; set; } = "";
}
