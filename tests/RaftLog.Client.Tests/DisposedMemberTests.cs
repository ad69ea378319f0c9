using RaftLog.Client.Consume;
using RaftLog.Client.Groups;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Client.Tests;

public class DisposedMemberTests
{
    [Theory]
    [InlineData(GroupProtocol.Classic)]
    [InlineData(GroupProtocol.Consumer)]
    public void A_consumer_that_was_disposed_asks_brokers_for_nothing_more(GroupProtocol protocol) =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            world.AddTopic("t");
            FakeCoordinator coordinator = new();
            world.Intercept = (_, message) =>
                message is JoinGroupRequest
                    ? new Reply(new JoinGroupResponse { ErrorCode = ErrorCode.CoordinatorLoadInProgress })
                    : coordinator.Respond(message);
            Consumer consumer = world.Connect().CreateConsumer(new ConsumerOptions { GroupId = "g", GroupProtocol = protocol });
            consumer.Subscribe(["t"]);
            world.Finish(consumer.ReadAsync(TimeSpan.FromSeconds(5)));
            int before = Requests(world);
            Assert.NotEqual(0, before);

            consumer.Dispose();
            world.Pass(TimeSpan.FromSeconds(5));
            int after = Requests(world);
            world.Pass(TimeSpan.FromSeconds(60));

            Assert.Equal(after, Requests(world));
        });

    private static int Requests(FakeCluster world) =>
        world.Received<FindCoordinatorRequest>().Count
        + world.Received<JoinGroupRequest>().Count
        + world.Received<ConsumerGroupHeartbeatRequest>().Count;
}
