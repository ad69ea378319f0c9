using RaftLog.Broker.Quorum;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Raft;

namespace RaftLog.Broker.Tests.Quorum;

public class QuorumWireTests
{
    /// <summary>
    /// A follower that believes it got records that are none pauses before it fetches again, and every commit waits for that pause.
    /// </summary>
    [Theory]
    [InlineData(0, false)]
    [InlineData(61, true)]
    public void A_fetch_response_has_records_only_where_there_are_bytes(int length, bool expected)
    {
        FetchResponse response = new()
        {
            Responses = [new() { Partitions = [new() { HighWatermark = new Offset(7), Records = new byte[length] }] }],
        };
        (RaftReply? reply, Memory<byte>? records) = QuorumWire.FromWire(response)!.Value;
        Assert.Equal(expected, Assert.IsType<RaftFetchReply>(reply).HasRecords);
        Assert.Equal(expected, records is not null);
        Assert.Equal(7, ((RaftFetchReply)reply!).HighWatermark.Value);
    }
}
