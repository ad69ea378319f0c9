using RaftLog.Broker.Configuration;
using RaftLog.Broker.Control;
using RaftLog.Broker.Quorum;
using RaftLog.Metadata;

namespace RaftLog.Broker.Tests.Quorum;

public class JitWarmupTests
{
    [Fact]
    public void A_topics_life_is_run_through_with_and_without_a_controller()
    {
        ConfigTable configs = new(new BrokerConfigs(new ConfigSettings("test")));
        JitWarmup.Run(null, configs);
        JitWarmup.Run(new ControllerOptions { ClusterId = "cluster" }, configs);
    }
}
