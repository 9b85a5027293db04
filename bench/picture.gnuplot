# What each contender's connections and packets cost, as parts of what `single` takes. In: what picture.ts sets, and
# $costs (contender, then a ratio a load). Out: SVG on stdout. Colours: Okabe and Ito's, for colour-blind people too.
set terminal svg size 900,480 dynamic enhanced font 'sans-serif,16' background rgb 'white'
set datafile separator tab
array colour[9] = ['#0072B2', '#56B4E9', '#009E73', '#F0E442', '#E69F00', '#D55E00', '#CC79A7', '#000000', '#999999']
text = '#222222'

set title 'Instructions of the whole lab, as a ratio to one link with a stateful firewall' textcolor rgb 'black'
set border 3 linecolor rgb '#444444'
set tics nomirror out textcolor rgb text
set xtics rotate by -20
set ytics 0.1
set yrange [0.7:*]
set grid ytics linecolor rgb '#dddddd'
set style data histograms
set style histogram clustered gap 1
set style fill solid 1.0 noborder
set key outside bottom center horizontal textcolor rgb text samplen 1
set arrow from graph 0, first 1 to graph 1, first 1 nohead front linewidth 1.5 linecolor rgb 'black' dashtype 3
plot for [n = 1:loads] $costs using (column(n + 1)):xtic(1) title load[n] linecolor rgb colour[n]
