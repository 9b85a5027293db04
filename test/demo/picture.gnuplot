# Each link's rate over time, stacked. In: what picture.ts sets, and $rates (time, then the links' sums from
# the bottom up, KB/s). Out: SVG on stdout. Colours: Okabe and Ito's, for colour-blind people too.
set terminal svg size 800,480 dynamic enhanced font 'sans-serif,18' background rgb 'white'
set datafile separator tab

array colour[3] = ['#0072B2', '#E69F00', '#009E73']
text = '#222222'
top = 500
last = after_end + 0.8
apply = (before_end + after_begin) / 2

set border 3 linecolor rgb '#444444'
set tics nomirror out textcolor rgb text
set xrange [0:last]
set yrange [0:top]
set xtics 5
set ytics 0, 150, 450
# not `set grid`: its lines stop where the legend is
do for [height = 150:450:150] {
  set arrow from 0, height to last, height nohead back linecolor rgb '#dddddd'
}
set xlabel 'time (seconds)' textcolor rgb text offset 0, 0.3
set ylabel 'rate, links stacked (KB/s)' textcolor rgb text
set tmargin 4.8
set rmargin 3
set title sprintf('%d downloads at once, without and with multilink', downloads) \
  font ',20' textcolor rgb 'black' offset 0, 1.9

set arrow 11 from apply, 0 to apply, graph 1.16 nohead front linewidth 1.5 linecolor rgb '#444444' dashtype 2
set arrow 12 from 0, sum_alone to last, sum_alone nohead front linewidth 2 linecolor rgb 'black' dashtype 3
set label 1 sprintf("one link\n%.1f MB in %d s", before_megabytes, duration) center textcolor rgb text \
  at before_end / 2, graph 1.12
set label 2 sprintf("all three links\n%.1f MB in %d s", after_megabytes, duration) center textcolor rgb text \
  at (after_begin + after_end) / 2, graph 1.12

set key at graph 0.03, 0.85 left top reverse Left samplen 1.5 spacing 1.1 textcolor rgb text
set style fill solid 1.0 noborder
plot \
  NaN with lines linewidth 2 linecolor rgb 'black' dashtype 3 \
    title sprintf('sum of each alone: %d', sum_alone), \
  $rates using 1:3:4 with filledcurves linecolor rgb colour[3] title link[3], \
  $rates using 1:2:3 with filledcurves linecolor rgb colour[2] title link[2], \
  $rates using 1:(0):2 with filledcurves linecolor rgb colour[1] title link[1]
