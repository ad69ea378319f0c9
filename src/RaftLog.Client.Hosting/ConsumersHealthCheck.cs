using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using RaftLog.Client.Consume;

namespace RaftLog.Client.Hosting;

/// <summary>
/// Fails while a consumer of the host makes no progress: it cannot be a member of its group, a partition cannot be read, or a handler
/// does not end. Add it with <c>services.AddHealthChecks().AddCheck&lt;ConsumersHealthCheck&gt;("raftlog")</c>.
/// </summary>
/// <param name="services">The services of the host.</param>
public sealed class ConsumersHealthCheck(IEnumerable<IHostedService> services) : IHealthCheck
{
    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        List<string> reasons = [];
        int count = 0;
        foreach (ConsumerService service in services.OfType<ConsumerService>())
        {
            count++;
            ConsumerHealth health = service.CheckHealth();
            if (!health.IsHealthy)
            {
                reasons.Add($"group '{service.Group}': {health.Reason}");
            }
        }

        return Task.FromResult(
            reasons.Count == 0
                ? HealthCheckResult.Healthy($"{count} consumers")
                : new HealthCheckResult(context.Registration?.FailureStatus ?? HealthStatus.Unhealthy, string.Join("; ", reasons))
        );
    }
}
