using RaftLog.Differential.Tests.Comparison;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Differential.Tests.Apis;

/// <summary>Taking a broker out.</summary>
[Collection(BothNodesCollection.Name)]
public sealed class UnregisterBrokerTests(BothNodes nodes)
{
    [KafkaFact]
    public Task Responses_are_Kafkas() =>
        Script.CompareAsync(
            nodes,
            "UnregisterBroker",
            [
                Case.Of("an unknown broker", p => p.AskAsync(new UnregisterBrokerRequest { BrokerId = new(9) })),
                Case.Of("an unknown broker, again", p => p.AskAsync(new UnregisterBrokerRequest { BrokerId = new(9) })),
                Case.Of("a large id", p => p.AskAsync(new UnregisterBrokerRequest { BrokerId = new(int.MaxValue) })),
                Case.Of("no broker", p => p.AskAsync(new UnregisterBrokerRequest { BrokerId = NodeId.None })),
                Case.Of("an id below all", p => p.AskAsync(new UnregisterBrokerRequest { BrokerId = new(int.MinValue) })),
                Case.Of("broker 0", p => p.AskAsync(new UnregisterBrokerRequest { BrokerId = new(0) })),
            ]
        );
}
