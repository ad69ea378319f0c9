using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Wolverine;
using Wolverine.ErrorHandling;
using Wolverine.Kafka;

namespace RaftLog.Interop.Frameworks;

/// <summary>Wolverine: a handler that is tried again when it fails, and gives up what always fails to the dead letter topic.</summary>
internal static class OrderHost
{
    /// <summary>Handles messages until SIGTERM.</summary>
    public static Task RunAsync(string bootstrap, string topic) =>
        Host.CreateDefaultBuilder()
            .ConfigureLogging(logging => logging.SetMinimumLevel(LogLevel.Error))
            .UseWolverine(options =>
            {
                options.UseRuntimeCompilation();
                options.UseKafka(bootstrap).AutoProvision();
                options.ServiceName = "orders";
                options
                    .ListenToKafkaTopic(topic)
                    .ReceiveRawJson<Order>()
                    .ProcessInline()
                    .EnableNativeDeadLetterQueue()
                    .ConfigureConsumer(consumer =>
                    {
                        consumer.GroupId = "orders";
                        consumer.AutoOffsetReset = Confluent.Kafka.AutoOffsetReset.Earliest;
                        consumer.SessionTimeoutMs = 6_000;
                    });
                options.Policies.OnException<OrderException>().RetryTimes(2);
            })
            .Build()
            .RunAsync();
}
